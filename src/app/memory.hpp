// What a process that runs for months need not keep of what it uses once or now and then.
#pragma once

namespace poolscaler::app {

/// Lists leave holes all over the heap; what is free goes back to the system, so that a fleet that
/// was listed once is not paid for ever after. Thread-safe; takes a few milliseconds.
void give_back_heap();

/// Unmaps the pages of programs and libraries that hold nothing of this process: text, constants,
/// and what the loader looked symbols up in, which is most of it. Those that are used again come
/// back from the page cache, at one fault for each. Thread-safe; does nothing where the system does
/// not tell its mappings.
void give_back_program();

}  // namespace poolscaler::app
