/**
 * The commands that the client knows, so that it can complete, abbreviate and explain them: the daemon itself takes whole
 * words only. `listed` is what a list of commands shows behind the words, `usage` what the command itself takes; without
 * `usage` the words alone are no command. Without `help` they are in no list.
 */
interface Keyword {
  readonly words: string;
  readonly listed?: string;
  readonly usage?: string;
  readonly help?: string;
  /** Loses against other words where an abbreviation fits both. */
  readonly rare?: boolean;
  /** First version of BIRD that has it. */
  readonly since?: readonly [number, number];
}

const SELECTED = '(<protocol> | "<pattern>" | all) [message]';
const RELOADED = '<protocol> | "<pattern>" | all';
const MRT_USAGE = '[table <name>|"<pattern>"] [to "<file>"] [filter <filter>|where <where filter>] ';

// biome-ignore format: a table
const keywords: readonly Keyword[] = [
  { words: "quit", usage: "", help: "Quit the client" },
  { words: "exit", usage: "", help: "Exit the client" },
  { words: "help", usage: "", help: "Description of the help system" },
  { words: "show", listed: "...", help: "Show status information" },
  { words: "show status", usage: "", help: "Show router status" },
  { words: "show memory", usage: "", help: "Show memory usage" },
  { words: "show protocols", usage: '[<protocol> | "<pattern>"]', help: "Show routing protocols" },
  { words: "show protocols all", usage: '[<protocol> | "<pattern>"]', help: "Show routing protocol details" },
  { words: "show interfaces", usage: "", help: "Show network interfaces" },
  { words: "show interfaces summary", usage: "", help: "Show summary of network interfaces" },
  { words: "show route", listed: "...", usage: "[<prefix>|for <prefix>|for <ip>] [table <t>] [(import|export) table <p>.<c>] [filter <f>|where <cond>] [all] [primary] [filtered] [(export|preexport|noexport) <p>] [protocol <p>] [stats|count]", help: "Show routing table" },
  { words: "show symbols", listed: "...", usage: "[table|filter|function|protocol|template|<symbol>]", help: "Show all known symbolic names" },
  { words: "show bfd", listed: "...", help: "Show information about BFD protocol" },
  { words: "show bfd sessions", usage: "[<name>]", help: "Show information about BFD sessions" },
  { words: "show babel", listed: "...", help: "Show information about Babel protocol" },
  { words: "show babel interfaces", usage: '[<name>] ["<interface>"]', help: "Show information about Babel interfaces" },
  { words: "show babel neighbors", usage: '[<name>] ["<interface>"]', help: "Show information about Babel neighbors" },
  { words: "show babel entries", usage: "[<name>]", help: "Show information about Babel prefix entries" },
  { words: "show babel routes", usage: "[<name>]", help: "Show information about Babel route entries" },
  { words: "show ospf", listed: "...", usage: "[<name>]", help: "Show information about OSPF protocol" },
  { words: "show ospf neighbors", usage: '[<name>] ["<interface>"]', help: "Show information about OSPF neighbors" },
  { words: "show ospf interface", usage: '[<name>] ["<interface>"]', help: "Show information about interface" },
  { words: "show ospf topology", usage: "[all] [<name>]", help: "Show information about OSPF network topology" },
  { words: "show ospf topology all", usage: "[<name>]", help: "Show information about all OSPF network topology" },
  { words: "show ospf state", usage: "[all] [<name>]", help: "Show information about OSPF network state" },
  { words: "show ospf state all", usage: "[<name>]", help: "Show information about all OSPF network state" },
  { words: "show ospf lsadb", usage: "...", help: "Show content of OSPF LSA database" },
  { words: "show rip", listed: "...", help: "Show information about RIP protocol", rare: true },
  { words: "show rip interfaces", usage: '[<name>] ["<interface>"]', help: "Show information about RIP interfaces" },
  { words: "show rip neighbors", usage: '[<name>] ["<interface>"]', help: "Show information about RIP neighbors" },
  { words: "show static", usage: "[<name>]", help: "Show details of static protocol" },
  { words: "dump", listed: "...", help: "Dump debugging information" },
  { words: "dump resources", usage: "", help: "Dump all allocated resource" },
  { words: "dump sockets", usage: "", help: "Dump open sockets" },
  { words: "dump events", usage: "", help: "Dump event log" },
  { words: "dump interfaces", usage: "", help: "Dump interface information" },
  { words: "dump neighbors", usage: "", help: "Dump neighbor cache" },
  { words: "dump attributes", usage: "", help: "Dump attribute cache" },
  { words: "dump routes", usage: "", help: "Dump routing table" },
  { words: "dump protocols", usage: "", help: "Dump protocol information" },
  { words: "dump filter all", usage: "" },
  { words: "eval", usage: "<expr>", help: "Evaluate an expression" },
  { words: "echo", listed: "...", usage: "(all | off | { debug|trace|info|remote|warning|error|auth [, ...] }) [<buffer-size>]", help: "Control echoing of log messages" },
  { words: "disable", usage: SELECTED, help: "Disable protocol" },
  { words: "enable", usage: SELECTED, help: "Enable protocol" },
  { words: "restart", usage: SELECTED, help: "Restart protocol" },
  { words: "reload", usage: RELOADED, help: "Reload protocol" },
  { words: "reload in", usage: RELOADED, help: "Reload protocol (just imported routes)" },
  { words: "reload out", usage: RELOADED, help: "Reload protocol (just exported routes)" },
  { words: "debug", listed: "...", usage: '(<protocol> | <channel> | "<pattern>" | all) (all | off | { states|routes|filters|interfaces|events|packets [, ...] })', help: "Control protocol debugging via BIRD logs" },
  { words: "mrtdump", listed: "...", usage: '(<protocol> | "<pattern>" | all) (all | off | { states|messages [, ...] })', help: "Control protocol debugging via MRTdump files" },
  { words: "restrict", usage: "", help: "Restrict current CLI session to safe commands" },
  { words: "timeformat", listed: "...", usage: '"<format1>" [limit "format2"] | iso (short|long) [ ms | us ]', help: "Set time format for this CLI session", since: [2, 16] },
  { words: "mrt dump", usage: MRT_USAGE, help: "Save MRT Table Dump into a file" },
  { words: "configure", listed: "...", usage: '["<file>"] [timeout [<sec>]]', help: "Reload configuration" },
  { words: "configure soft", usage: '["<file>"] [timeout [<sec>]]', help: "Reload configuration and ignore changes in filters" },
  { words: "configure timeout", usage: "[<sec>]", help: "Reload configuration with undo timeout" },
  { words: "configure confirm", usage: "", help: "Confirm last configuration change - deactivate undo timeout" },
  { words: "configure undo", usage: "", help: "Undo last configuration change" },
  { words: "configure status", usage: "", help: "Show configuration status" },
  { words: "configure check", usage: '["<file>"]', help: "Parse configuration and check its validity" },
  { words: "down", usage: "", help: "Shut the daemon down" },
  { words: "graceful", listed: "restart", help: "Shut the daemon down for graceful restart" },
  { words: "graceful restart", usage: "" },
];

interface Node {
  readonly word: string;
  readonly path: string;
  readonly keyword: Keyword | undefined;
  readonly children: readonly Node[];
}

/** What became of a line that was typed. */
export type Expansion =
  | { readonly kind: "command"; readonly text: string }
  | { readonly kind: "ambiguous"; readonly possible: readonly string[] }
  | { readonly kind: "unknown" };

/** The keywords of one version of BIRD. */
export class KeywordTree {
  readonly #root: Node;

  /** @param version as in the greeting; one that is not understood counts as the oldest */
  constructor(version: string) {
    const [major = 2, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
    const known = keywords.filter(
      ({ since }) => since === undefined || major > since[0] || (major === since[0] && minor >= since[1]),
    );
    this.#root = { word: "", path: "", keyword: undefined, children: childrenOf("", known) };
  }

  /** Writes abbreviated keywords out; what follows the keywords stays as it is. */
  expand(line: string): Expansion {
    const { node, rest, ambiguous } = this.#walk(line);
    if (ambiguous.length > 0) return { kind: "ambiguous", possible: helpRows(ambiguous) };
    if (node.keyword?.usage === undefined) return { kind: "unknown" };
    return { kind: "command", text: rest === "" ? node.path : `${node.path} ${rest}` };
  }

  /** Rows that explain what may stand where `line` ends: the command so far, and what continues it. */
  help(line: string): string[] {
    const whole = line.slice(0, /\S*$/.exec(line)?.index ?? 0);
    const { path, keyword, children } = this.#walk(whole).node;
    const own = keyword?.usage === undefined ? [] : [row(`${path} ${keyword.usage}`, keyword.help ?? "")];
    return [...own, ...helpRows(children)];
  }

  /**
   * What TAB does at the end of `line`.
   * @returns text to append, and, where nothing can be appended, rows to choose from
   */
  complete(line: string): { readonly append: string; readonly possible: readonly string[] } {
    const word = /\S*$/.exec(line)?.[0] ?? "";
    const { node, rest, ambiguous } = this.#walk(line.slice(0, line.length - word.length));
    if (rest !== "" || ambiguous.length > 0) return { append: "", possible: [] };
    const fitting = candidates(node, word);
    const [only] = fitting;
    if (fitting.length === 1 && only !== undefined) return { append: `${only.word.slice(word.length)} `, possible: [] };
    const shared = commonStart(fitting.map((child) => child.word));
    if (shared.length > word.length) return { append: shared.slice(word.length), possible: [] };
    return { append: "", possible: helpRows(fitting) };
  }

  /** Follows keywords as far as they go. `rest` is what stands behind them. */
  #walk(line: string): { node: Node; rest: string; ambiguous: readonly Node[] } {
    let node = this.#root;
    let rest = line.trim();
    while (rest !== "") {
      const word = /^\S+/.exec(rest)?.[0] ?? "";
      const fitting = candidates(node, word);
      const [only] = fitting;
      if (fitting.length > 1) return { node, rest, ambiguous: fitting };
      if (only === undefined) break;
      node = only;
      rest = rest.slice(word.length).trimStart();
    }
    return { node, rest, ambiguous: [] };
  }
}

/** Children that a word may mean: the one that it is, else those that it begins. */
function candidates({ children }: Node, word: string): readonly Node[] {
  const exact = children.find((child) => child.word === word);
  if (exact !== undefined) return [exact];
  const fitting = children.filter((child) => child.word.startsWith(word));
  const usual = fitting.filter(({ keyword }) => !keyword?.rare);
  return usual.length > 0 ? usual : fitting;
}

function childrenOf(path: string, known: readonly Keyword[]): Node[] {
  const prefix = path === "" ? "" : `${path} `;
  const words = known
    .filter((keyword) => keyword.words.startsWith(prefix))
    .map((keyword) => keyword.words.slice(prefix.length).split(" ")[0] ?? "");
  return [...new Set(words)]
    .filter((word) => word !== "")
    .map((word) => {
      const own = `${prefix}${word}`;
      return {
        word,
        path: own,
        keyword: known.find((keyword) => keyword.words === own),
        children: childrenOf(own, known),
      };
    });
}

const row = (command: string, help: string): string => `${command.trimEnd().padEnd(45)}  ${help}`;

function helpRows(nodes: readonly Node[]): string[] {
  return nodes.flatMap(({ path, keyword }) => {
    if (keyword?.help === undefined) return [];
    return [row(`${path} ${keyword.listed ?? keyword.usage ?? ""}`, keyword.help)];
  });
}

function commonStart(words: readonly string[]): string {
  const [first = "", ...others] = words;
  let length = first.length;
  for (const word of others) while (!word.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}
