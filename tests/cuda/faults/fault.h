// Faults that are put into our own kernels, to see that cuda-on-cpu reports them.
#pragma once

namespace innerloop {

struct Fault {
  int skipped_sync = -1;       // the number of a sync, from 0, that no thread of a block waits at; −1: none
  bool absent_thread = false;  // what falls to the first thread is done by nobody
  bool short_scratch = false;  // scratch memory lacks its last number
  bool in_global = false;      // no fault: scratch memory is the device's, not the block's
  bool other_stream = false;   // operations are enqueued on a stream that nobody waits for
};

/// What is wrong with the operations that this program launches from now on.
inline Fault fault;

}  // namespace innerloop
