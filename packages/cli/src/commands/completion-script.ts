export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const BASH = `# bash: add to ~/.bashrc:  source <(brainpod completion bash)
_brainpod() {
  local line
  COMPREPLY=()
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  while IFS= read -r line; do
    if [[ $line == ":files" ]]; then
      compopt -o default
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(brainpod __complete -- "\${words[@]}" 2>/dev/null)
  # bash takes ":" as the end of a word: what stands before it in the line is not written again.
  if [[ \${words[-1]} == *:* ]] && declare -F __ltrim_colon_completions >/dev/null; then
    __ltrim_colon_completions "\${words[-1]}"
  fi
}
complete -F _brainpod brainpod
`;

const ZSH = `#compdef brainpod
# zsh: add to ~/.zshrc, after compinit:  source <(brainpod completion zsh)
_brainpod() {
  local line
  local -a candidates
  for line in "\${(@f)$(brainpod __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ":files" ]]; then
      _files
    elif [[ -n $line ]]; then
      local value="\${line%%$'\\t'*}"
      local description="\${line#*$'\\t'}"
      [[ $line == *$'\\t'* ]] || description=""
      candidates+=("\${value//:/\\\\:}\${description:+:$description}")
    fi
  done
  (( \${#candidates} )) && _describe brainpod candidates
}
compdef _brainpod brainpod
`;

const FISH = `# fish: write to ~/.config/fish/completions/brainpod.fish
function __brainpod_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (brainpod __complete -- $words[2..-1] 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c brainpod -f -a '(__brainpod_complete)'
`;

/** What a shell reads at its start, so that it asks this program for what may come next. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return BASH;
    case 'zsh':
      return ZSH;
    case 'fish':
      return FISH;
  }
}
