// A process that does one thing and ends, so that what goes wrong in it (memory that is not there, a GPU that is lost) is no
// matter to others.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace innerloop {

class Child {
 public:
  /// A fork of this process that calls `work` and ends; what `work` returns is its message. It catches interrupts
  /// (engine/run/interrupt.h), is in no terminal's foreground, and is interrupted when this process ends. @pre this process
  /// has no other threads and has touched no GPU. @throws RunError where the system has no process for it.
  explicit Child(const std::function<std::string()>& work);
  /// This very program with these arguments in place of `work`: for what touches a GPU, whose libraries need not live through a
  /// fork. Its message is what it prints, without "innerloop: "; refused and failed are its exit codes.
  explicit Child(const std::vector<std::string>& arguments);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  /// Waits for it.
  ~Child();

  struct End {
    enum class How { finished, refused, failed, killed };  // refused: by an InputError
    How how;
    std::string message;  // what `work` returned or threw; "signal 9 (Killed)"
  };
  /// How it ended; none while it goes on.
  std::optional<End> end();
  /// The same, once it has ended.
  End wait();
  void interrupt() const;

 private:
  void start(const std::function<std::string(int message)>& work);
  End read_end(int status);

  pid_t process_ = -1;
  int message_ = -1;  // the end of a pipe
};

/// Waits until a child ends, or for so many milliseconds. @pre block_child_signals
void wait_for_children(int milliseconds);
/// So that none is missed between looking and waiting.
void block_child_signals();

}  // namespace innerloop
