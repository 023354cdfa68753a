import {
  isAlias,
  isMap,
  isNode,
  isSeq,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  type Node as YamlNode,
} from "yaml";
import type { FileSource } from "./objects.ts";
import { type FieldPath, formatPath, type Remark } from "./remark.ts";
import { type Reading, readObject } from "./validate.ts";

/** Aliases may not blow a small file up (the "billion laughs"). */
const MAX_ALIASES = 100;
const YAML_OPTIONS = { merge: true, prettyErrors: false, logLevel: "error" } as const;

/** A part of a file that can be read by itself: what stands between two `---`. */
interface Chunk {
  readonly text: string;
  /** Of its first line in the file, counted from 1. */
  readonly line: number;
}

/**
 * Everything in one manifest file: YAML with any number of documents, or JSON; Lists are taken apart. Never throws: what
 * cannot be read is a Reading too.
 */
export function readManifest(file: string, text: string): Reading[] {
  if (text.trimStart().startsWith("{")) {
    const raw = parseJson(text);
    if (raw !== undefined) return readItems(raw, { from: "file", file, line: 1, text, at: [] });
  }
  return chunksOf(text).flatMap((chunk) => readChunk(file, chunk));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // YAML says it better, with a line
  }
}

/** `---` at the start of a line always ends a document, also inside of quotes and blocks (YAML 1.2 §9.1.2). */
function chunksOf(text: string): Chunk[] {
  const starts = [0, ...Array.from(text.matchAll(/^---(?=\s|$)/gm), ({ index }) => index)];
  const chunks: Chunk[] = [];
  let line = 1;
  starts.forEach((start, index) => {
    const part = text.slice(start, starts[index + 1]);
    if (part !== "") chunks.push({ text: part, line });
    line += part.split("\n").length - 1;
  });
  return chunks;
}

function readChunk(file: string, { text, line }: Chunk): Reading[] {
  const source: FileSource = { from: "file", file, line, text, at: [] };
  const counter = new LineCounter();
  return [...parseAllDocuments(text, { ...YAML_OPTIONS, lineCounter: counter })].flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      return broken({ ...source, line: line + counter.linePos(problem.pos[0]).line - 1 }, problem.message);
    }
    try {
      const raw: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      return raw === null || raw === undefined ? [] : readItems(raw, source);
    } catch (error) {
      return broken(source, error instanceof Error ? error.message : String(error));
    }
  });
}

/** What cannot be read at all. */
export function broken(source: FileSource, why: string): Reading[] {
  const remark: Remark = { severity: "error", object: "manifest", path: [], text: `cannot be read: ${why}`, source };
  return [{ is: "invalid", kind: undefined, name: undefined, remarks: [remark] }];
}

/** A List stands for its items. */
function readItems(raw: unknown, source: FileSource): Reading[] {
  const { kind, items } = (raw ?? {}) as { kind?: unknown; items?: unknown };
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [readObject(raw, source)];
  return items.flatMap((item, index) => readItems(item, { ...source, at: [...source.at, "items", index] }));
}

/** The line of a field, or of the nearest thing around it that is written down. Reads the YAML again: for errors only. */
function lineOf(source: FileSource, path: FieldPath): number {
  const counter = new LineCounter();
  const document = parseDocument(source.text, { ...YAML_OPTIONS, lineCounter: counter });
  let at: YamlNode | null = document.contents;
  let offset = at?.range?.[0] ?? 0;
  for (const part of [...source.at, ...path]) {
    if (isAlias(at)) at = at.resolve(document) ?? null;
    const next: unknown = isMap(at) || isSeq(at) ? at.get(part, true) : undefined;
    const key = isMap(at) ? at.items.find((pair) => String(pair.key) === String(part))?.key : undefined;
    if (!isNode(next)) break;
    offset = (isNode(key) ? key.range?.[0] : next.range?.[0]) ?? offset;
    at = next;
  }
  return source.line + counter.linePos(offset).line - 1;
}

/** `FILE:LINE: KIND/NAME: spec.field: what is wrong and what would be right`. */
export function formatRemark({ object, path, text, source }: Remark): string {
  const where = source?.from === "file" ? `${source.file}:${lineOf(source, path)}: ` : "";
  const field = path.length === 0 ? "" : `${formatPath(path)}: `;
  return `${where}${object}: ${field}${text}`;
}
