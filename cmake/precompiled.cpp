// Carries the precompiled headers; see Precompiled.cmake.
