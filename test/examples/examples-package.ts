import { installPackage } from '../support/process/install-package.ts';

/** A separate package, so that the gateway does not depend on client libraries. */
export const EXAMPLES = 'examples';

/** Installs the examples' package unless it is installed. */
export function installExamples(): Promise<void> {
  return installPackage(EXAMPLES);
}
