import { explain as explainField } from "#config/schema/explain.ts";

/** `linnet explain bgppeer.spec.timers`. @returns the exit status: 1 where there is no such field */
export function explain(path: string): number {
  const { found, text } = explainField(path);
  if (found) console.log(text);
  else console.error(text);
  return found ? 0 : 1;
}
