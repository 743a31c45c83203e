// Ctrl-C, or a terminal that closes, ends a run in good order.
#pragma once

namespace innerloop {

/// From now on the first SIGINT (Ctrl-C) or SIGTERM only makes `interrupted` true, so that the run can stop
/// in good order after its iteration; the second ends the process at once. SIGHUP (a terminal that closes) does as the first,
/// however often it comes, unless it was ignored when the process began (nohup).
void catch_interrupts();

/// Whether one has come since `catch_interrupts`.
bool interrupted();

/// From now on the first one ends the process again.
void release_interrupts();

}  // namespace innerloop
