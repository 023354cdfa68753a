/** Does `text` match `pattern`, in which `*` is any text and `?` any character? */
export function matchesGlob(pattern: string, text: string): boolean {
  // Goes back to the last star only, so the work is bounded by the product of the lengths.
  let [at, star, resume] = [0, -1, 0];
  for (let position = 0; position < text.length; ) {
    const wanted = pattern[at];
    if (wanted === "*") {
      star = at++;
      resume = position;
    } else if (wanted === "?" || wanted === text[position]) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
