namespace poolscaler {}
