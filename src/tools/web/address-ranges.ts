import { BlockList, isIP } from "node:net";

/**
 * IPv4 blocks of the IANA special-purpose registry that are not public, with the words a person knows them by. Two metadata services lie
 * in none of them: 168.63.129.16 is Azure's; Alibaba's 100.100.100.200 is in the CGNAT block.
 */
const ipv4Ranges: readonly (readonly [string, number, string])[] = [
  ["0.0.0.0", 8, "unspecified"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "shared by a carrier (CGNAT)"],
  ["127.0.0.0", 8, "loopback"],
  ["168.63.129.16", 32, "a cloud metadata service"],
  ["169.254.0.0", 16, "link-local"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved"],
  ["192.0.2.0", 24, "for documentation"],
  ["192.31.196.0", 24, "reserved"],
  ["192.52.193.0", 24, "reserved"],
  ["192.88.99.0", 24, "a 6to4 relay"],
  ["192.168.0.0", 16, "private"],
  ["192.175.48.0", 24, "reserved"],
  ["198.18.0.0", 15, "for benchmarks"],
  ["198.51.100.0", 24, "for documentation"],
  ["203.0.113.0", 24, "for documentation"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
];

/** Named for a clear message. Whatever else lies outside 2000::/3 is refused too: IANA has given out no other public IPv6 address. */
const ipv6Ranges: readonly (readonly [string, number, string])[] = [
  ["::", 128, "unspecified"],
  ["::1", 128, "loopback"],
  ["::ffff:0:0", 96, "an IPv4 address inside an IPv6 one"],
  ["::", 96, "an IPv4 address inside an IPv6 one"],
  ["64:ff9b::", 96, "an IPv4 address behind NAT64"],
  ["64:ff9b:1::", 48, "an IPv4 address behind NAT64"],
  ["2001::", 23, "reserved"],
  ["2001:db8::", 32, "for documentation"],
  ["2002::", 16, "an IPv4 address behind 6to4"],
  ["3fff::", 20, "for documentation"],
  ["fc00::", 7, "private"],
  ["fe80::", 10, "link-local"],
  ["fec0::", 10, "private"],
  ["ff00::", 8, "multicast"],
];

/** Why nobody on the public internet has this address, such as `loopback`; null for a public one. */
export function refusalOfAddress(address: string): string | null {
  switch (isIP(address)) {
    case 4:
      return rangeOf(address, "ipv4", ipv4Ranges);
    case 6:
      return refusalOfIpv6(address);
    default:
      return "not an IP address";
  }
}

function refusalOfIpv6(address: string): string | null {
  if (address.includes("%")) return "bound to one network interface";
  const named = rangeOf(address, "ipv6", ipv6Ranges);
  if (named !== null) return named;
  return contains("2000::", 3, "ipv6", address) ? null : "reserved";
}

function rangeOf(address: string, family: "ipv4" | "ipv6", ranges: typeof ipv4Ranges): string | null {
  const found = ranges.find(([network, prefixBits]) => contains(network, prefixBits, family, address));
  return found?.[2] ?? null;
}

function contains(network: string, prefixBits: number, family: "ipv4" | "ipv6", address: string): boolean {
  const list = new BlockList();
  list.addSubnet(network, prefixBits, family);
  return list.check(address, family);
}
