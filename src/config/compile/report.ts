import type { ConfigObject } from "../objects.ts";
import type { FieldPath, Remark } from "../remark.ts";

/** Collects what the compiler has to say. */
export class Report {
  readonly remarks: Remark[] = [];

  error(object: ConfigObject, path: FieldPath, text: string): void {
    this.#add("error", object, path, text);
  }

  /** Another object has what `object` asks for, and keeps it. */
  conflict({ kind, name, source }: ConfigObject, path: FieldPath, text: string): void {
    this.remarks.push({ severity: "error", object: `${kind}/${name}`, path, text, conflict: true, source });
  }

  warning(object: ConfigObject, path: FieldPath, text: string): void {
    this.#add("warning", object, path, text);
  }

  /** About an object that is not there. */
  missing(object: string, text: string): void {
    this.remarks.push({ severity: "error", object, path: [], text, source: undefined });
  }

  /** What another report collected. */
  repeat(remarks: readonly Remark[]): void {
    this.remarks.push(...remarks);
  }

  #add(severity: Remark["severity"], { kind, name, source }: ConfigObject, path: FieldPath, text: string): void {
    this.remarks.push({ severity, object: `${kind}/${name}`, path, text, source });
  }
}
