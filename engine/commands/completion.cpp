#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/commands/candidates.h"
#include "engine/commands/commands.h"

namespace innerloop {
namespace {

// Each hands the words of the line to `innerloop completion SHELL -- WORD...`, whose answer is a candidate a
// line; ":files" and ":folders" ask the shell for names of these.

// Bash takes "--set", "a", "=" and "1" for words of their own, and replaces what comes behind the last "=".
constexpr const char* kBash = R"(# bash completion of innerloop: source <(innerloop completion bash)
_innerloop() {
  local i word begun cut='' line words=() lines=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((${#words[@]})) && [[ $word == = || (${COMP_WORDS[i - 1]} == = && ${COMP_LINE:COMP_POINT-1:1}$word != ' ') ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  begun=${words[-1]}
  [[ $begun == *=* ]] && cut=${begun%=*}=
  mapfile -t lines < <("${COMP_WORDS[0]/#\~/$HOME}" completion bash -- "${words[@]}" 2>/dev/null)
  COMPREPLY=()
  for line in "${lines[@]}"; do
    case $line in
      :files) compopt -o filenames && mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${begun#"$cut"}") ;;
      :folders) compopt -o filenames && mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "${begun#"$cut"}") ;;
      *=) compopt -o nospace; COMPREPLY+=("${line#"$cut"}") ;;
      *) COMPREPLY+=("${line#"$cut"}") ;;
    esac
  done
}
complete -F _innerloop innerloop
)";

constexpr const char* kZsh = R"(#compdef innerloop
# zsh completion of innerloop: source <(innerloop completion zsh), or a file _innerloop in a folder of fpath
_innerloop() {
  local line
  local -a lines paths others
  lines=("${(@f)$("${words[1]/#\~/$HOME}" completion zsh -- "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  for line in "${lines[@]}"; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      *=:*) paths+=("$line") ;;
      ?*) others+=("$line") ;;
    esac
  done
  (( ${#paths} )) && _describe -t options option paths -S ''
  (( ${#others} )) && _describe -t values value others
}
if [[ ${funcstack[1]} == _innerloop ]]; then
  _innerloop "$@"
else
  compdef _innerloop innerloop
fi
)";

constexpr const char* kFish = R"(# fish completion of innerloop: innerloop completion fish | source
function __innerloop_candidates
    set -l words (commandline -opc)
    set -l begun (commandline -ct)
    for line in ($words[1] completion fish -- $words[2..-1] "$begun" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$begun"
            case :folders
                __fish_complete_directories "$begun" ''
            case '*'
                echo $line
        end
    end
end
complete -c innerloop -f -a '(__innerloop_candidates)'
)";

const std::map<std::string, const char*> kScripts = {{"bash", kBash}, {"fish", kFish}, {"zsh", kZsh}};

std::string line_for(const std::string& shell, const Candidate& candidate) {
  if (shell == "bash" || (candidate.meaning.empty() && shell == "fish")) return candidate.word;
  if (shell == "fish") return candidate.word + "\t" + candidate.meaning;
  std::string line;  // colons in a word are not those before a meaning
  for (const char c : candidate.word) line += c == ':' ? std::string("\\:") : std::string(1, c);
  return line + ":" + candidate.meaning;
}

}  // namespace

void add_completion(CLI::App& app) {
  struct Flags {
    std::string shell;
    std::vector<std::string> words;
  };
  CLI::App& command =
      *app.add_subcommand("completion", "prints a script by which a shell completes what is typed");
  auto flags = std::make_shared<Flags>();
  command.add_option("SHELL", flags->shell, "bash, fish or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "fish", "zsh"}));
  CLI::Option* words = command.add_option("WORD", flags->words,
                                          "behind --, the words of a line: then what the last one may become "
                                          "is printed, as the script asks for it");
  command.footer(R"(Examples:
  innerloop completion fish > ~/.config/fish/completions/innerloop.fish
  source <(innerloop completion bash)                 # in ~/.bashrc; with zsh in ~/.zshrc
  innerloop completion bash -- train --set outer.)");
  command.callback([flags, words, &app] {
    if (words->count() == 0) {
      std::cout << kScripts.at(flags->shell);
      return;
    }
    const Candidates found = candidates(app, flags->words);
    for (const Candidate& candidate : found.words) std::cout << line_for(flags->shell, candidate) << "\n";
    if (found.files) std::cout << ":files\n";
    if (found.folders) std::cout << ":folders\n";
  });
}

}  // namespace innerloop
