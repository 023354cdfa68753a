import * as v from "valibot";
import { dictionary, excerpt, may, says } from "./describe.ts";
import { metadata } from "./shared.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The UTF-8 text that `encoded` (RFC 4648 §4) holds. @throws URIError where it holds other octets */
function decodeBase64(encoded: string): string {
  const digits = Array.from(encoded.replace(/=+$/, ""), (digit) =>
    ALPHABET.indexOf(digit).toString(2).padStart(6, "0"),
  );
  const octets = digits.join("").match(/.{8}/g) ?? [];
  return decodeURIComponent(
    octets.map((bits) => `%${Number.parseInt(bits, 2).toString(16).padStart(2, "0")}`).join(""),
  );
}

const encoded = v.pipe(
  v.string(),
  v.base64(),
  v.rawTransform<string, string>(({ dataset, addIssue, NEVER }) => {
    try {
      return decodeBase64(dataset.value);
    } catch {
      addIssue({ message: "must be base64 of UTF-8 text" });
      return NEVER;
    }
  }),
);

/** core/v1 Secret, as far as it is used: passwords of sessions. */
export const secret = excerpt({
  metadata: says("Name and namespace.", metadata),
  data: may("Values in base64.", dictionary(encoded)),
  stringData: may("Values as they are; they win over data.", dictionary(v.string())),
});
