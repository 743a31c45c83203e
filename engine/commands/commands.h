// The commands of `innerloop`, one file each. Every one adds itself to the command line; when it was named there, it
// runs while the command line is parsed. @throws InputError, RunError.
#pragma once

// Tests read the exit codes alone, without the large header of CLI11.
namespace CLI {
class App;
}

namespace innerloop {

/// The exit codes of `innerloop`.
inline constexpr int kExitDone = 0;
inline constexpr int kExitRunFailed = 1;
inline constexpr int kExitBadInput = 2;
inline constexpr int kExitInterrupted = 130;

/// `exit_code` becomes kExitInterrupted when training was interrupted, or looking on at it.
void add_train(CLI::App& app, int& exit_code);
void add_sweep(CLI::App& app, int& exit_code);
void add_watch(CLI::App& app, int& exit_code);
void add_evaluate(CLI::App& app);
void add_adapt(CLI::App& app);
void add_play(CLI::App& app);
void add_render(CLI::App& app);
void add_report(CLI::App& app);
void add_show(CLI::App& app);
void add_plan(CLI::App& app);
void add_list(CLI::App& app);
void add_bench(CLI::App& app);
void add_doctor(CLI::App& app);
void add_completion(CLI::App& app);

}  // namespace innerloop
