import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import tls from "node:tls";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { KubeconfigAccess } from "#k8s/io/kubeconfig-access.ts";

/** An issuer of tokens at 127.0.0.1 that exchanges any refresh token, and gives no other one in its place. */
let issuer: https.Server;
let directory: string;
/** Refresh tokens that were exchanged. */
let exchanged: (string | null)[];
/** How long the tokens last that it gives. */
const LASTS_SECONDS = 3600;
const START_MS = Date.UTC(2026, 10, 22);

const vector = (name: string): string => readFileSync(join(import.meta.dirname, "../../vectors/tls", name), "utf8");
const url = (): string => `https://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokenOf(expires: number): string {
  const claims = { iss: url(), aud: "linnet", sub: "jane", iat: nowSeconds(), exp: expires };
  return `${encoded({ alg: "RS256" })}.${encoded(claims)}.c2lnbmF0dXJl`;
}

// The issuer's authority is one that this process trusts.
beforeAll(() => tls.setDefaultCACertificates([...tls.getCACertificates(), vector("ca.crt")]));
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "linnet-"));
  exchanged = [];
  vi.useFakeTimers({ toFake: ["Date"], now: START_MS }); // the package asks nobody else what time it is
  issuer = https.createServer({ key: vector("server.key"), cert: vector("server.crt") });
  issuer.on("request", (request, response) => void answer(request, response));
  issuer.listen(0, "127.0.0.1");
  await once(issuer, "listening");
});
afterEach(async () => {
  vi.useRealTimers();
  issuer.closeAllConnections();
  await new Promise((resolve) => issuer.close(resolve));
  rmSync(directory, { recursive: true });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("content-type", "application/json");
  if (request.method === "GET") {
    response.end(JSON.stringify({ issuer: url(), token_endpoint: `${url()}/token` }));
    return;
  }
  exchanged.push(new URLSearchParams(await text(request)).get("refresh_token"));
  const token = tokenOf(nowSeconds() + LASTS_SECONDS);
  response.end(JSON.stringify({ access_token: "a", token_type: "Bearer", id_token: token, expires_in: LASTS_SECONDS }));
}

function open(tokens: object): Promise<KubeconfigAccess> {
  const config = {
    "client-id": "linnet",
    "idp-issuer-url": url(),
    ...tokens,
  };
  const kubeconfig = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server: "http://127.0.0.1:1" } }],
    users: [{ name: "u", user: { "auth-provider": { name: "oidc", config } } }],
  };
  writeFileSync(join(directory, "kubeconfig"), JSON.stringify(kubeconfig));
  return KubeconfigAccess.open([join(directory, "kubeconfig")]);
}

/** When the token that a request would send expires, in seconds from now. */
async function lasts(access: KubeconfigAccess): Promise<number> {
  const { authorization = "" } = (await access.authorise()).headers;
  const [, claims = ""] = authorization.replace(/^Bearer /, "").split(".");
  return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { exp: number }).exp - nowSeconds();
}

test("a token that has not expired is sent as it is", async () => {
  const access = await open({ "id-token": tokenOf(nowSeconds() + 600), "refresh-token": "r" });
  expect(await lasts(access)).toBe(600);
  expect(exchanged).toEqual([]);
});

test("an expired token is exchanged once, and again when that one expired, with the refresh token of the file", async () => {
  const access = await open({ "id-token": tokenOf(nowSeconds() - 600), "refresh-token": "r" });
  expect(await lasts(access)).toBe(LASTS_SECONDS);
  expect(exchanged).toEqual(["r"]);
  vi.setSystemTime(START_MS + (LASTS_SECONDS + 1) * 1000);
  expect(await lasts(access)).toBe(LASTS_SECONDS);
  expect(exchanged).toEqual(["r", "r"]);
});

test("an expired token of an issuer with an authority of its own cannot be exchanged, and why is said", async () => {
  const authority = { "idp-certificate-authority-data": Buffer.from(vector("ca.crt")).toString("base64") };
  const tokens = { "id-token": tokenOf(nowSeconds() - 600), "refresh-token": "r" };
  const said =
    "user u: auth-provider oidc: the token expired, and no other is to be had with idp-certificate-authority";
  await expect(open({ ...tokens, ...authority })).rejects.toThrow(said);
  await open({ ...authority, "id-token": tokenOf(nowSeconds() + 600) });
});

test("an expired token that cannot be exchanged is said to be none", async () => {
  const none = open({ "id-token": tokenOf(nowSeconds() - 600) });
  await expect(none).rejects.toThrow("user u: auth-provider oidc: it gave neither a token nor a certificate");
});
