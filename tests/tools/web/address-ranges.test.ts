import { describe, expect, test } from "bun:test";
import { refusalOfAddress } from "#tools/web/address-ranges.ts";

describe("an address is refused", () => {
  test.each([
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["10.0.0.1", "private"],
    ["10.255.255.255", "private"],
    ["100.64.0.1", "CGNAT"],
    ["100.100.100.200", "CGNAT"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["168.63.129.16", "metadata"],
    ["169.254.169.254", "link-local"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.0.0.192", "reserved"],
    ["192.168.1.1", "private"],
    ["198.18.0.1", "benchmarks"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "reserved"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::ffff:127.0.0.1", "inside an IPv6"],
    ["::ffff:7f00:1", "inside an IPv6"],
    ["::ffff:8.8.8.8", "inside an IPv6"],
    ["::127.0.0.1", "inside an IPv6"],
    ["64:ff9b::7f00:1", "NAT64"],
    ["64:ff9b:1::1", "NAT64"],
    ["2001::1", "reserved"],
    ["2001:db8::1", "documentation"],
    ["2002:7f00:1::", "6to4"],
    ["fd00:ec2::254", "private"],
    ["fe80::1", "link-local"],
    ["fe80::1%eth0", "network interface"],
    ["ff02::1", "multicast"],
    ["4000::1", "reserved"],
    ["0x7f.1", "not an IP address"],
    ["localhost", "not an IP address"],
    ["", "not an IP address"],
  ])("%s: %s", (address, reason) => {
    expect(refusalOfAddress(address)).toContain(reason);
  });
});

test.each([
  "1.1.1.1",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.1",
  "172.15.255.255",
  "172.32.0.1",
  "192.167.255.255",
  "223.255.255.255",
  "2606:4700:4700::1111",
  "2a00:1450:4001::200e",
])("%s is public", (address) => {
  expect(refusalOfAddress(address)).toBeNull();
});
