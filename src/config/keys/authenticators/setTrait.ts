import type { AuthenticationSettings } from '../../settings.ts';
import type { ClassName } from './classes.ts';

/** Keeps the value of a trait for the authenticator in use. */
export function setTrait(authentication: AuthenticationSettings, name: string, value: unknown): void {
  const inUse = authentication.authenticator as ClassName;
  const traits: Record<string, unknown> = authentication.classes[inUse] ?? {};
  authentication.classes = { ...authentication.classes, [inUse]: { ...traits, [name]: value } };
}
