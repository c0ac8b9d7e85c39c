import type { FormField } from './contract.ts';

/** User name and password. */
export const passwordForm: readonly FormField[] = [
  { name: 'username', label: 'User name', type: 'text', autocomplete: 'username' },
  { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
];
