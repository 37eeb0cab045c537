/** What installs a project's packages, each as a line of Dockerfile's RUN. */
export type PackageManager = {
  name: string;
  /** What of the project it has to know. */
  files: readonly string[];
  /** Where it keeps what it has fetched. */
  cache: string;
  /** What brings it into an image that has npm; null for npm itself. */
  setUp: string | null;
  /** What it has to be told wherever it runs. */
  environment?: Readonly<Record<string, string>>;
  installAll: string;
  /** Without what only a build needs. */
  installForProduction: string;
  /** The same after installAll. */
  prune: string;
  /**
   * The same where scripts of the project have put things among its packages: those stay, and no script runs again, since
   * what it needs may be gone. Left out: `prune` is like that.
   */
  pruneInPlace?: string;
  /** Before the name of a script. */
  run: string;
  /** A runtime too, which a start script may want. */
  runtime: string | null;
  /** To run a script it needs what it wrote beside the packages when it installed them. */
  hasState?: boolean;
  /** Scripts of the project run when it is installed, and may want tools that only a build has. */
  runsScripts?: boolean;
};
