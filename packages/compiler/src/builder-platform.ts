import type { PlatformNetwork } from './platform-facts.ts';

/** What the builders of a cluster are made of. */
export type BuilderPlatform = {
  /** The image that holds BuildKit. */
  image: string;
  /** With which nodes fetch it. */
  pullSecret: { dockerConfigJson: string };
  /** Where builders reach our registry. */
  registry: BuilderRegistry;
  /** Files for BuildKit's wrapper of runc, by name, with what each step is to know of the network (proxies, certificates). */
  stepFiles: Readonly<Record<string, string | Uint8Array>>;
  limits: BuilderLimits;
  /** Networks that are not the internet and may be reached all the same: a company's proxy, its package caches. */
  allowedCidrs: readonly string[];
  network?: PlatformNetwork;
};

/** `address`: an IP that the builder's network lets it reach; null where the registry is on the internet. */
export type BuilderRegistry = { host: string; address: string | null; port: number; isPlain: boolean };

export type BuilderLimits = { cpuMillis: number; memoryMiB: number; cacheMiB: number };
