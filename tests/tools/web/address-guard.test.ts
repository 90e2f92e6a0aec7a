import { describe, expect, test } from "bun:test";
import { AppError } from "#core/errors.ts";
import { rejection } from "#fixtures/rejection.ts";
import { createAddressGuard } from "#tools/web/address-guard.ts";

const names: Record<string, string[]> = {
  "public.test": ["93.184.216.34", "2606:2800:220:1::1"],
  "inside.test": ["10.1.2.3"],
  "mixed.test": ["93.184.216.34", "127.0.0.1"],
  localhost: ["127.0.0.1"],
  "metadata.google.internal": ["169.254.169.254"],
  "empty.test": [],
};
const resolve = async (host: string) => {
  const addresses = names[host];
  if (!addresses) throw new Error("ENOTFOUND");
  return addresses;
};
const guard = createAddressGuard({ resolve });

describe("the guard refuses", () => {
  test.each([
    ["ftp://public.test/", "invalid_request", "not an http or https URL"],
    ["file:///etc/passwd", "invalid_request", "not an http or https URL"],
    ["javascript:alert(1)", "invalid_request", "not an http or https URL"],
    ["public.test/page", "invalid_request", "not a URL"],
    ["", "invalid_request", "not a URL"],
    ["http://user:secret@public.test/", "invalid_request", "user name or a password"],
    ["http://public.test@127.0.0.1/", "invalid_request", "user name or a password"],
    ["http://127.0.0.1/", "forbidden", "loopback"],
    ["http://[::1]:8080/", "forbidden", "loopback"],
    ["http://[::ffff:127.0.0.1]/", "forbidden", "inside an IPv6"],
    ["http://[64:ff9b::a9fe:a9fe]/", "forbidden", "NAT64"],
    ["http://169.254.169.254/latest/meta-data/", "forbidden", "link-local"],
    ["http://metadata.google.internal/", "forbidden", "link-local"],
    ["http://localhost:8080/", "forbidden", "loopback"],
    ["http://LOCALHOST./", "forbidden", "loopback"],
    ["http://inside.test/", "forbidden", "10.1.2.3"],
    ["http://mixed.test/", "forbidden", "127.0.0.1"],
    ["http://0x7f000001/", "forbidden", "hides the address"],
    ["http://2130706433/", "forbidden", "hides the address"],
    ["http://0177.0.0.1/", "forbidden", "hides the address"],
    ["http://127.1/", "forbidden", "hides the address"],
    ["http://0x08.8.8.8/", "forbidden", "hides the address"],
    ["http://①②⑦.0.0.1/", "forbidden", "hides the address"],
    ["http://%31%32%37.0.0.1/", "forbidden", "hides the address"],
    ["http:\\\\127.1\\", "forbidden", "hides the address"],
    ["http:127.0.0.1", "forbidden", "hides the address"],
    ["http://nowhere.test/", "unavailable", "cannot be resolved"],
    ["http://empty.test/", "unavailable", "no address"],
  ])("%s", async (url, code, sentence) => {
    const error = (await rejection(guard.check(url))) as AppError;
    expect(error).toBeInstanceOf(AppError);
    expect(error.code).toBe(code as AppError["code"]);
    expect(error.message).toContain(sentence);
    expect(error.message).not.toContain("secret");
  });

  test("a resolver that answers with no address at all", async () => {
    const odd = createAddressGuard({ resolve: async () => ["not-an-address"] });
    expect(((await rejection(odd.check("http://public.test/"))) as AppError).code).toBe("forbidden");
  });
});

describe("the guard lets through", () => {
  test("a public name with its addresses, to which the connection is bound", async () => {
    const { url, addresses } = await guard.check("https://public.test/a?b=c");
    expect(url.href).toBe("https://public.test/a?b=c");
    expect(addresses).toEqual(["93.184.216.34", "2606:2800:220:1::1"]);
  });

  test("a public address without asking the resolver", async () => {
    const mute = createAddressGuard({ resolve: () => Promise.reject(new Error("asked")) });
    expect((await mute.check("http://8.8.8.8/")).addresses).toEqual(["8.8.8.8"]);
    expect((await mute.check("http://[2606:4700:4700::1111]/")).addresses).toEqual(["2606:4700:4700::1111"]);
  });

  test("a relative redirect of an address", async () => {
    const base = new URL("http://8.8.8.8/a");
    expect((await guard.check("/b", { base })).url.href).toBe("http://8.8.8.8/b");
    expect((await guard.check("?c", { base })).url.href).toBe("http://8.8.8.8/a?c");
  });
});

describe("the allow list", () => {
  const allowing = (...allow: string[]) => createAddressGuard({ resolve, allow });

  test.each([
    ["inside.test", "http://inside.test/"],
    ["Inside.Test", "http://inside.test:99/"],
    ["inside.test:80", "http://inside.test/"],
    ["inside.test:443", "https://inside.test/"],
    ["*.test", "http://inside.test/"],
    ["127.0.0.1:8080", "http://127.0.0.1:8080/"],
    ["[::1]:8080", "http://[::1]:8080/"],
    ["::1", "http://[::1]/"],
  ])("%s allows %s", async (entry, url) => {
    expect((await allowing(entry).check(url)).addresses).toHaveLength(1);
  });

  test.each([
    ["inside.test:80", "http://inside.test:81/"],
    ["127.0.0.1:8080", "http://127.0.0.1:8081/"],
    ["side.test", "http://inside.test/"],
    ["*.", "http://inside.test/"],
    ["*", "http://inside.test/"],
    ["127.0.0.1", "http://127.1/"],
    ["127.0.0.1", "http://localhost/"],
  ])("%s does not allow %s", async (entry, url) => {
    expect(((await rejection(allowing(entry).check(url))) as AppError).code).toBe("forbidden");
  });
});

test("who waits for a resolver that never answers can be interrupted", async () => {
  const stop = new AbortController();
  const stuck = createAddressGuard({ resolve: () => new Promise(() => undefined) });
  const checking = rejection(stuck.check("http://public.test/", { signal: stop.signal }));
  stop.abort(new Error("enough"));
  expect((await checking) as Error).toMatchObject({ message: "enough" });
});
