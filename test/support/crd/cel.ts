import { Environment } from "@marcbachmann/cel-js";
import ipaddr from "ipaddr.js";

/** An address block, as Kubernetes' CEL library has it: `cidr(string)`. */
class Cidr {
  readonly address: string;
  readonly length: number;

  constructor(address: string, length: number) {
    this.address = address;
    this.length = length;
  }
}

/** Kubernetes takes neither zones, nor IPv4 in IPv6, nor leading zeros. */
const isIp = (text: string): boolean =>
  text.includes(":")
    ? ipaddr.IPv6.isValid(text) && !/[%.]/.test(text)
    : ipaddr.IPv4.isValidFourPartDecimal(text) && !/\b0\d/.test(text);

function readCidr(text: string): Cidr | undefined {
  const [, address = "", length = ""] = /^([^/]*)\/(0|[1-9]\d*)$/.exec(text) ?? [];
  return isIp(address) && Number(length) <= (address.includes(":") ? 128 : 32)
    ? new Cidr(address, Number(length))
    : undefined;
}

const canonical = (address: string): string => ipaddr.parse(address).toString();

function masked({ address, length }: Cidr): Cidr {
  const octets = ipaddr.parse(address).toByteArray();
  const network = octets.map((octet, index) => octet & (0xff00 >> Math.max(0, Math.min(8, length - index * 8))) & 0xff);
  return new Cidr(ipaddr.fromByteArray(network).toString(), length);
}

function must<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new Error(`${text} cannot be parsed`);
  return value;
}

/**
 * CEL as CRDs see it: the language by a library, and of Kubernetes' own functions those that our rules call
 * (https://kubernetes.io/docs/reference/using-api/cel/). An IP address is its canonical text here: equal when equal.
 */
const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })
  .registerType("Cidr", { ctor: Cidr, fields: { address: "string", length: "int" } })
  .registerFunction("isIP(string): bool", isIp)
  .registerFunction("isCIDR(string): bool", (text: string) => readCidr(text) !== undefined)
  .registerFunction("ip(string): string", (text: string) => canonical(must(isIp(text) ? text : undefined, text)))
  .registerFunction("string.family(): int", (text: string) => (text.includes(":") ? 6n : 4n))
  .registerFunction("cidr(string): Cidr", (text: string) => must(readCidr(text), text))
  .registerFunction("Cidr.ip(): string", ({ address }: Cidr) => canonical(address))
  .registerFunction("Cidr.masked(): Cidr", masked)
  .registerFunction("string(Cidr): string", ({ address, length }: Cidr) => `${canonical(address)}/${length}`);

/** The value of an expression about `self`. @throws Error where evaluation fails, which the API server counts as refusal */
export function evaluate(expression: string, self: unknown): unknown {
  return environment.evaluate(expression, { self: asCel(self) });
}

/** Whole numbers of JSON are CEL's int. */
function asCel(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(asCel);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asCel(inner)]));
}
