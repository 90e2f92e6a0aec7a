export interface UnitOptions {
  executable: string;
  /** File with the settings and the token. */
  envFile: string;
  /** For the whole system, as a user of its own; otherwise for the one who installs it. */
  isSystem: boolean;
  /** Folder of everything that lasts; null for the one that systemd keeps for the service. */
  dataDir: string | null;
  /** Whether models may use graphics cards. */
  usesGpu: boolean;
}

/** Folders of the system unit: systemd makes them for the service's user. */
export const systemDataDir = "/var/lib/abstractgateway";

/**
 * A unit that may do little: no rights to gain, nothing of the system to write, no devices, only the system calls of a usual service.
 * `MemoryDenyWriteExecute` is left out: JavaScript is compiled while it runs.
 */
export function systemdUnit(options: UnitOptions): string {
  return `# Written by \`abstractgateway service install\`.
[Unit]
Description=AbstractGateway: durable AI workflows
Documentation=man:systemd.service(5)
After=network-online.target
Wants=network-online.target
# A gateway that cannot start is tried five times, then somebody should look.
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${words(commandOf(options))}
EnvironmentFile=${escaped(options.envFile)}
${(options.isSystem ? systemLines(options) : userLines(options)).join("\n")}
Restart=on-failure
RestartSec=1
# Runs get their grace time; what is not done by then goes on after the next start.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=60
LimitNOFILE=65536
UMask=0077

[Install]
WantedBy=${options.isSystem ? "multi-user.target" : "default.target"}
`;
}

function commandOf({ executable, dataDir, isSystem }: UnitOptions): string[] {
  const folder = dataDir ?? (isSystem ? systemDataDir : null);
  return [executable, "serve", ...(folder === null ? [] : ["--data-dir", folder])];
}

function systemLines({ dataDir, usesGpu }: UnitOptions): string[] {
  const folder = dataDir ?? systemDataDir;
  return [
    "DynamicUser=yes",
    "StateDirectory=abstractgateway",
    "StateDirectoryMode=0700",
    `WorkingDirectory=${escaped(systemDataDir)}`,
    `Environment=HOME=${escaped(systemDataDir)}`,
    ...(dataDir === null ? [] : [`ReadWritePaths=${escaped(folder)}`]),
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    ...(usesGpu ? gpuLines : ["PrivateDevices=yes"]),
    "ProtectProc=invisible",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "RemoveIPC=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    ...sharedLines,
  ];
}

/** Cards of NVIDIA, and those that Vulkan finds. */
const gpuLines = [
  "DevicePolicy=closed",
  "DeviceAllow=char-nvidia rw",
  "DeviceAllow=char-drm rw",
  "SupplementaryGroups=video render",
];

function userLines(_: UnitOptions): string[] {
  return ["WorkingDirectory=%h", ...sharedLines];
}

/** What a user's own service manager can enforce, too. */
const sharedLines = [
  "NoNewPrivileges=yes",
  "RestrictSUIDSGID=yes",
  "RestrictRealtime=yes",
  "RestrictNamespaces=yes",
  "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
  "LockPersonality=yes",
  "SystemCallArchitectures=native",
  // Landlock and seccomp are the walls around code nodes.
  "SystemCallFilter=@system-service seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
  "SystemCallErrorNumber=EPERM",
];

/** A command line as systemd reads it. */
function words(command: string[]): string {
  return command.map(quoted).join(" ");
}

function quoted(word: string): string {
  const safe = escaped(word).replaceAll("$", "$$$$");
  return /[\s"'\\;]/.test(safe) ? `"${safe.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : safe;
}

/** `%` begins a specifier. */
function escaped(text: string): string {
  return text.replaceAll("%", "%%");
}
