export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export interface CompletionNode {
  name: string;
  description: string;
  options: { name: string; description: string; takesValue: boolean }[];
  children: CompletionNode[];
}

interface Place {
  /** Words after the program's name, such as `bundle check`. */
  path: string;
  node: CompletionNode;
}

/** A script that completes the commands of a tree and their options; an option's value is completed as a file. */
export function completionScript(shell: Shell, tree: CompletionNode): string {
  const places = flatten(tree, "");
  if (shell === "bash") return bashScript(tree.name, places);
  if (shell === "zsh") return zshScript(tree.name, places);
  return fishScript(tree.name, places);
}

function flatten(node: CompletionNode, path: string): Place[] {
  const below = node.children.flatMap((child) => flatten(child, `${path} ${child.name}`.trim()));
  return [{ path, node }, ...below];
}

const optionWords = ({ node }: Place) => [...node.options.map(({ name }) => dashed(name)), "--help"];
const dashed = (name: string) => (name.length === 1 ? `-${name}` : `--${name}`);

function bashScript(program: string, places: Place[]): string {
  const cases = places.map(
    (place) =>
      `    ${quoted(place.path)}) commands=${quoted(place.node.children.map(({ name }) => name).join(" "))} options=${quoted(optionWords(place).join(" "))} valued=${quoted(valued(place))} ;;`,
  );
  return `# Completion of ${program} for bash: put it into ~/.local/share/bash-completion/completions/${program}
_${program}() {
  local path="" word commands options valued current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  _${program}_place ""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $commands " in *" $word "*) path="\${path:+$path }$word"; _${program}_place "$path" ;; esac
  done
  COMPREPLY=()
  case " $valued " in *" $previous "*) COMPREPLY=($(compgen -f -- "$current")); return ;; esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) if [ -n "$commands" ]; then COMPREPLY=($(compgen -W "$commands" -- "$current")); else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}
_${program}_place() {
  case "$1" in
${cases.join("\n")}
  esac
}
complete -o filenames -F _${program} ${program}`;
}

function valued({ node }: Place): string {
  return node.options
    .filter((option) => option.takesValue)
    .map(({ name }) => dashed(name))
    .join(" ");
}

function zshScript(program: string, places: Place[]): string {
  const described = (name: string, description: string) => quoted(`${name.replaceAll(":", "\\:")}:${description}`);
  const cases = places.map(({ path, node }) => {
    const commands = node.children.map((child) => described(child.name, child.description));
    const options = [
      ...node.options.map(({ name, description }) => described(dashed(name), description)),
      described("--help", "Show how the command is used"),
    ];
    return `    ${quoted(path)}) commands=(${commands.join(" ")}) options=(${options.join(" ")}) valued=${quoted(` ${valued({ path, node })} `)} ;;`;
  });
  return `#compdef ${program}
# Completion of ${program} for zsh: put it as _${program} into a folder of $fpath
_${program}_place() {
  case "$1" in
${cases.join("\n")}
  esac
}
_${program}() {
  local place="" word valued
  local -a commands options
  _${program}_place ""
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if (( \${commands[(I)$word:*]} )); then place="\${place:+$place }$word"; _${program}_place "$place"; fi
  done
  if [[ $valued == *" \${words[CURRENT-1]} "* ]]; then _files
  elif [[ \${words[CURRENT]} == -* ]]; then _describe option options
  elif (( \${#commands} )); then _describe command commands
  else _files
  fi
}
if [ "$funcstack[1]" = "_${program}" ]; then _${program} "$@"; else compdef _${program} ${program}; fi`;
}

function fishScript(program: string, places: Place[]): string {
  const lines = places.flatMap(({ path, node }) => {
    const here = `complete -c ${program} -n ${quoted(`__${program}_at ${quotedInside(path)}`)}`;
    const commands = node.children.map((child) => `${here} -f -a ${child.name} -d ${quoted(child.description)}`);
    const options = node.options.map(({ name, description, takesValue }) => {
      const flag = name.length === 1 ? `-s ${name}` : `-l ${name}`;
      return `${here} ${flag}${takesValue ? " -r" : ""} -d ${quoted(description)}`;
    });
    return [...commands, ...options, `${here} -l help -d 'Show how the command is used'`];
  });
  const paths = places.map(({ path }) => quoted(path)).join(" ");
  return `# Completion of ${program} for fish: put it into ~/.config/fish/completions/${program}.fish
function __${program}_at
    set -l at ""
    for word in (commandline -opc)[2..-1]
        set -l next (string trim -- "$at $word")
        contains -- "$next" ${paths}; and set at $next
    end
    test "$at" = "$argv"
end
${lines.join("\n")}`;
}

/** In single quotes of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A word inside of a quoted condition of fish. */
function quotedInside(text: string): string {
  return `"${text}"`;
}
