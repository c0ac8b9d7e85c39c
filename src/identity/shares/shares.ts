import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AtollError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import type { Store, Write } from '../../store/store.ts';
import {
  type Grantee,
  type Share,
  type ShareCode,
  type SharedServer,
  selectShareCodes,
  selectShares,
  shareCodeColumns,
  shareColumns,
  toShare,
  toShareCode,
} from './sharesTable.ts';

/** Shares and codes of one server at most. */
const maximumPerServer = 1000;

/** Which part of a list. */
interface Part {
  offset: number;
  limit: number;
}

/** Whose shares or codes to list: those of one server, or of all servers of an owner. */
export type SharesOf = { serverId: number } | { owner: string };

/** Servers that their owners share with other users and with groups. Such a share gives scopes, filtered to one server. */
export class Shares {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The server of that name, if it has been started or created once. */
  async server(user: string, name: string): Promise<SharedServer | undefined> {
    const row = await this.#store.db
      .selectFrom('servers')
      .innerJoin('users', 'users.id', 'servers.user_id')
      .select(['servers.id', 'servers.phase'])
      .where('users.name', '=', user)
      .where('servers.name', '=', name)
      .executeTakeFirst();
    return row && { id: row.id, user, name, ready: row.phase === 'ready' };
  }

  /** One page of the shares of a server or an owner, oldest first, and how many there are. */
  async list(of: SharesOf, part: Part): Promise<{ shares: Share[]; total: number }> {
    const base = selectShares(this.#store.db);
    return page(
      'serverId' in of ? base.where('shares.server_id', '=', of.serverId) : base.where('owners.name', '=', of.owner),
      part,
    );
  }

  /** One page of what is shared with a group, or with a user (also by way of their groups). */
  async listWith(grantee: Grantee, part: Part): Promise<{ shares: Share[]; total: number }> {
    const base = selectShares(this.#store.db);
    if ('group' in grantee) return page(base.where('groups.name', '=', grantee.group), part);
    return page(
      base.where((row) =>
        row.or([
          row('grantees.name', '=', grantee.user),
          row(
            'shares.group_id',
            'in',
            row
              .selectFrom('group_members')
              .innerJoin('users', 'users.id', 'group_members.user_id')
              .select('group_members.group_id')
              .where('users.name', '=', grantee.user),
          ),
        ]),
      ),
      part,
    );
  }

  /** The share of a server with exactly this user or group. */
  async get(server: SharedServer, grantee: Grantee): Promise<Share | undefined> {
    const query = selectShares(this.#store.db).where('shares.server_id', '=', server.id);
    const row = await ('user' in grantee
      ? query.where('grantees.name', '=', grantee.user)
      : query.where('groups.name', '=', grantee.group)
    )
      .select(shareColumns)
      .executeTakeFirst();
    return row && toShare(row);
  }

  /**
   * Shares a server, or adds scopes to a share that is there.
   * @param scopes names, without filter
   * @throws AtollError `ATOLL_BAD_REQUEST` when there is no such user or group, or the server has 1000 shares.
   */
  async grant(server: SharedServer, grantee: Grantee, scopes: readonly string[]): Promise<Share> {
    await this.#store.write(async (write) => {
      await this.#grantIn(write, server, grantee, scopes);
      await write.audit({
        action: 'share.grant',
        target: `${server.user}/${server.name}`,
        details: { ...grantee, scopes },
      });
    });
    const share = await this.get(server, grantee);
    if (!share) throw new AtollError('ATOLL_NOT_FOUND', 'The share was revoked at this very moment.');
    return share;
  }

  /**
   * Takes scopes out of a share, or (undefined) ends it. Resolves with what is left of it.
   * @param scopes names, without filter
   */
  async revoke(server: SharedServer, grantee: Grantee, scopes?: readonly string[]): Promise<Share | undefined> {
    await this.#store.write(async (write) => {
      const key = await granteeKey(write, grantee);
      const row = key && (await findShare(write, server, key));
      if (!row) return;
      const left = scopes ? row.scopes.filter((scope) => !scopes.includes(scope)) : [];
      if (left.length === 0) await write.db.deleteFrom('shares').where('id', '=', row.id).execute();
      else
        await write.db
          .updateTable('shares')
          .set({ scopes: JSON.stringify(left) })
          .where('id', '=', row.id)
          .execute();
      const fullName = `${server.user}/${server.name}`;
      write.changed('shares', fullName);
      await write.audit({ action: 'share.revoke', target: fullName, details: { ...grantee, left } });
    });
    return this.get(server, grantee);
  }

  /** Ends all shares of a server. */
  async revokeAll(server: SharedServer): Promise<void> {
    await this.#store.write(async (write) => {
      await write.db.deleteFrom('shares').where('server_id', '=', server.id).execute();
      write.changed('shares', `${server.user}/${server.name}`);
      await write.audit({ action: 'share.revoke-all', target: `${server.user}/${server.name}` });
    });
  }

  /** The shares that reach a user now, directly and by way of their groups. */
  async reaching(userId: number): Promise<Share[]> {
    const rows = await selectShares(this.#store.db)
      .where((row) =>
        row.or([
          row('shares.user_id', '=', userId),
          row(
            'shares.group_id',
            'in',
            row.selectFrom('group_members').select('group_id').where('group_members.user_id', '=', userId),
          ),
        ]),
      )
      .select(shareColumns)
      .execute();
    return rows.map(toShare);
  }

  /** One page of the codes of a server or an owner that have not expired, oldest first, and how many there are. */
  async listCodes(of: SharesOf, part: Part): Promise<{ codes: ShareCode[]; total: number }> {
    const base = selectShareCodes(this.#store.db).where('share_codes.expires_at', '>', this.#clock.now());
    const fitting =
      'serverId' in of
        ? base.where('share_codes.server_id', '=', of.serverId)
        : base.where('owners.name', '=', of.owner);
    const { count } = await fitting
      .select(({ fn }) => fn.countAll<number | string>().as('count'))
      .executeTakeFirstOrThrow();
    const rows = await fitting
      .select(shareCodeColumns)
      .orderBy('share_codes.id')
      .offset(part.offset)
      .limit(part.limit)
      .execute();
    return { codes: rows.map(toShareCode), total: Number(count) };
  }

  /**
   * Makes a code. It is returned here and never again.
   * @param scopes names, without filter
   * @throws AtollError `ATOLL_BAD_REQUEST` when the server has 1000 codes.
   */
  async createCode(
    server: SharedServer,
    scopes: readonly string[],
    expiresInSeconds: number,
  ): Promise<{ secret: string; code: ShareCode }> {
    const secret = randomBytes(32).toString('base64url');
    const now = this.#clock.now();
    const expiresAt = now + expiresInSeconds * 1000;
    const id = await this.#store.write(async ({ db, audit }) => {
      await db.deleteFrom('share_codes').where('expires_at', '<=', now).execute();
      const { count } = await db
        .selectFrom('share_codes')
        .select(({ fn }) => fn.countAll<number | string>().as('count'))
        .where('server_id', '=', server.id)
        .executeTakeFirstOrThrow();
      if (Number(count) >= maximumPerServer) throw tooMany('codes');
      const row = await db
        .insertInto('share_codes')
        .values({
          server_id: server.id,
          hash: sha256Hex(secret),
          scopes: JSON.stringify(scopes),
          created_at: now,
          expires_at: expiresAt,
          exchange_count: 0,
          last_exchanged_at: null,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      const details = { code: row.id, scopes, expires: new Date(expiresAt).toISOString() };
      await audit({ action: 'share-code.create', target: `${server.user}/${server.name}`, details });
      return row.id;
    });
    const filtered = scopes.map((scope) => `${scope}!server=${server.user}/${server.name}`).sort();
    return {
      secret,
      code: { id, server, scopes: filtered, createdAt: now, expiresAt, exchangeCount: 0, lastExchangedAt: null },
    };
  }

  /** The unexpired code with this secret. */
  async findCode(secret: string): Promise<ShareCode | undefined> {
    if (secret === '' || secret.length > 256) return undefined;
    const row = await selectShareCodes(this.#store.db)
      .where('share_codes.hash', '=', sha256Hex(secret))
      .where('share_codes.expires_at', '>', this.#clock.now())
      .select(shareCodeColumns)
      .executeTakeFirst();
    return row && toShareCode(row);
  }

  /** Ends one code of a server, by its id or by the code itself; false when the server has none such. */
  async deleteCode(server: SharedServer, code: { id: number } | { secret: string }): Promise<boolean> {
    return this.#store.write(async ({ db, audit }) => {
      const gone = await db
        .deleteFrom('share_codes')
        .where('server_id', '=', server.id)
        .where((row) => ('id' in code ? row('id', '=', code.id) : row('hash', '=', sha256Hex(code.secret))))
        .returning('id')
        .executeTakeFirst();
      const target = `${server.user}/${server.name}`;
      if (gone) await audit({ action: 'share-code.revoke', target, details: { code: gone.id } });
      return gone !== undefined;
    });
  }

  /** Ends all codes of a server. */
  async deleteCodes(server: SharedServer): Promise<void> {
    await this.#store.write(async ({ db, audit }) => {
      await db.deleteFrom('share_codes').where('server_id', '=', server.id).execute();
      await audit({ action: 'share-code.revoke-all', target: `${server.user}/${server.name}` });
    });
  }

  /**
   * Gives a user what a code stands for. The owner needs nothing: for them nothing changes.
   * @throws AtollError `ATOLL_SHARE_CODE_INVALID` for a code that is unknown, revoked or expired.
   */
  async acceptCode(secret: string, userName: string): Promise<ShareCode> {
    return this.#store.write(async (write) => {
      const row = await selectShareCodes(write.db)
        .where('share_codes.hash', '=', sha256Hex(secret.slice(0, 256)))
        .where('share_codes.expires_at', '>', this.#clock.now())
        .select(shareCodeColumns)
        .executeTakeFirst();
      if (!row) throw new AtollError('ATOLL_SHARE_CODE_INVALID', 'This share code is unknown, revoked or too old.');
      const code = toShareCode(row);
      if (code.server.user === userName) return code;
      await this.#grantIn(write, code.server, { user: userName }, JSON.parse(row.scopes) as string[]);
      await write.db
        .updateTable('share_codes')
        .set({ exchange_count: row.exchange_count + 1, last_exchanged_at: this.#clock.now() })
        .where('id', '=', row.id)
        .execute();
      const { user, name } = code.server;
      await write.audit({ action: 'share-code.accept', target: `${user}/${name}`, details: { code: code.id } });
      return code;
    });
  }

  async #grantIn(write: Write, server: SharedServer, grantee: Grantee, scopes: readonly string[]): Promise<void> {
    const key = await granteeKey(write, grantee);
    if (!key) throw noGrantee(grantee);
    const existing = await findShare(write, server, key);
    if (existing)
      await write.db
        .updateTable('shares')
        .set({ scopes: JSON.stringify([...new Set([...existing.scopes, ...scopes])]) })
        .where('id', '=', existing.id)
        .execute();
    else {
      const { count } = await write.db
        .selectFrom('shares')
        .select(({ fn }) => fn.countAll<number | string>().as('count'))
        .where('server_id', '=', server.id)
        .executeTakeFirstOrThrow();
      if (Number(count) >= maximumPerServer) throw tooMany('shares');
      await write.db
        .insertInto('shares')
        .values({
          server_id: server.id,
          user_id: null,
          group_id: null,
          ...key,
          scopes: JSON.stringify([...new Set(scopes)]),
          created_at: this.#clock.now(),
        })
        .execute();
    }
    write.changed('shares', `${server.user}/${server.name}`);
  }
}

async function page(
  query: ReturnType<typeof selectShares>,
  { offset, limit }: Part,
): Promise<{ shares: Share[]; total: number }> {
  const { count } = await query
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  const rows = await query.select(shareColumns).orderBy('shares.id').offset(offset).limit(limit).execute();
  return { shares: rows.map(toShare), total: Number(count) };
}

type GranteeKey = { user_id: number } | { group_id: number };

async function granteeKey({ db }: Write, grantee: Grantee): Promise<GranteeKey | undefined> {
  if ('user' in grantee) {
    const row = await db.selectFrom('users').select('id').where('name', '=', grantee.user).executeTakeFirst();
    return row && { user_id: row.id };
  }
  const row = await db.selectFrom('groups').select('id').where('name', '=', grantee.group).executeTakeFirst();
  return row && { group_id: row.id };
}

async function findShare(
  { db }: Write,
  server: SharedServer,
  key: GranteeKey,
): Promise<{ id: number; scopes: string[] } | undefined> {
  const row = await db
    .selectFrom('shares')
    .select(['id', 'scopes'])
    .where('server_id', '=', server.id)
    .where((row) => row.and(key))
    .executeTakeFirst();
  return row && { id: row.id, scopes: JSON.parse(row.scopes) as string[] };
}

function noGrantee(grantee: Grantee): AtollError {
  const who = 'user' in grantee ? `user: ${grantee.user}` : `group: ${grantee.group}`;
  return new AtollError('ATOLL_BAD_REQUEST', `No such ${who}`);
}

function tooMany(what: string): AtollError {
  return new AtollError('ATOLL_BAD_REQUEST', `This server already has ${maximumPerServer} ${what}.`);
}
