BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('651f5419b74d');
CREATE TABLE api_tokens (
	user_id INTEGER, 
	service_id INTEGER, 
	id INTEGER NOT NULL, 
	hashed VARCHAR(255), 
	prefix VARCHAR(16), 
	client_id VARCHAR(255), 
	session_id VARCHAR(255), 
	created DATETIME, 
	expires_at DATETIME, 
	last_activity DATETIME, 
	note VARCHAR(1023), 
	scopes TEXT, 
	CONSTRAINT pk_api_tokens PRIMARY KEY (id), 
	CONSTRAINT fk_api_tokens_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT fk_api_tokens_service_id_services FOREIGN KEY(service_id) REFERENCES services (id) ON DELETE CASCADE, 
	CONSTRAINT uq_api_tokens_hashed UNIQUE (hashed), 
	CONSTRAINT fk_api_tokens_client_id_oauth_clients FOREIGN KEY(client_id) REFERENCES oauth_clients (identifier) ON DELETE CASCADE
);
INSERT INTO "api_tokens" VALUES(NULL,1,1,'sha512:16384:36bd6b2763b29d68:f11a26f44b6f9a4c6b0faf38967d55e530528134438460bde71901f3fc96f6774802382588a822e9a1cea96df6c8db1cb4248bbcbe18efcfea7dadd34579affb','toke','jupyterhub',NULL,'2026-11-24 10:06:22.187217',NULL,'2026-11-24 10:06:22.921087','from config','["inherit"]');
INSERT INTO "api_tokens" VALUES(NULL,2,2,'sha512:16384:d6ae81fa8de62cd3:a3b2d9f4585b7e2c27dfd6fcf1c22b42819bbd1452bcc40b4475eec04032cc69cc5dd32d9fba90ba068f7af82fa7ceb17a08ad040c8b5b5d0484087feecebfe0','toke','jupyterhub',NULL,'2026-11-24 10:06:22.211563',NULL,NULL,'from config','["inherit"]');
INSERT INTO "api_tokens" VALUES(3,NULL,3,'sha512:16384:a531655cc256c22f:11676ee8dd5406252bcef2bf1c649f4da32d517ce41076b00e76f8a96f3c7510199190edf38fd03e18641ea97eafef09f8c8fcf218b93ac46f5e7ae439d6387c','a-to','jupyterhub',NULL,'2026-11-24 10:06:22.226720',NULL,NULL,'from config','["inherit"]');
INSERT INTO "api_tokens" VALUES(2,NULL,4,'sha512:1:c8c8b31510d35a57:1dae5771f38ca502d449778e8dc237aa3c8f1decf6a1fa4989d9999a12a41076b10f38f01a4d23a91048c2ef0343d49ef9bc391e28a7e68b6fcfbffd6aae7283','7998','jupyterhub',NULL,'2026-11-24 10:06:23.065193',NULL,NULL,'for my script','["inherit"]');
INSERT INTO "api_tokens" VALUES(2,NULL,5,'sha512:1:8c3f702fd2bd6a89:c4aea60ccd8427db9d38d0bdd00869a51e938c76d781489483706e11c433f8c8a48078da5947a726a17ce4017c0ad945a2eebbffc492f88e238acfbc39b0a27e','b827','jupyterhub',NULL,'2026-11-24 10:06:23.103526',NULL,NULL,'reads','["read:users!user=ada"]');
INSERT INTO "api_tokens" VALUES(3,NULL,6,'sha512:1:8431d311c33eac8a:74fd3f0ad7933065948f0b60859441208fc436423e01f0831b65a037dcbb804ad590bbbdecdc6d5483c1f4c7a0ddc0875ceb6aafc850e309fa2ae7561531fbd2','6627','jupyterhub',NULL,'2026-11-24 10:06:23.139255','2036-11-21 10:06:23.138693',NULL,'Requested via api by service maker','["inherit"]');
INSERT INTO "api_tokens" VALUES(3,NULL,7,'sha512:1:5d234932540705b7:f15afeac4f7a16ce6c2a89e0b60f0fe16a87bddbb0e7771938f6499c41f6a1306c747a50f7aad766aa3ceeae54104fa5df86adcf21df5d05dc44f0e0dd168aca','4f53','jupyterhub',NULL,'2026-11-24 10:06:23.170171','2026-11-24 10:06:24.169368',NULL,'Requested via api by service maker','["inherit"]');
CREATE TABLE group_role_map (
	group_id INTEGER NOT NULL, 
	role_id INTEGER NOT NULL, 
	CONSTRAINT pk_group_role_map PRIMARY KEY (group_id, role_id), 
	CONSTRAINT fk_group_role_map_group_id_groups FOREIGN KEY(group_id) REFERENCES groups (id) ON DELETE CASCADE, 
	CONSTRAINT fk_group_role_map_role_id_roles FOREIGN KEY(role_id) REFERENCES roles (id) ON DELETE CASCADE
);
INSERT INTO "group_role_map" VALUES(1,4);
CREATE TABLE groups (
	id INTEGER NOT NULL, 
	name VARCHAR(255), 
	CONSTRAINT pk_groups PRIMARY KEY (id), 
	CONSTRAINT uq_groups_name UNIQUE (name)
);
INSERT INTO "groups" VALUES(1,'lab');
INSERT INTO "groups" VALUES(2,'empty');
CREATE TABLE oauth_clients (
	id INTEGER NOT NULL, 
	identifier VARCHAR(255), 
	description VARCHAR(1023), 
	secret VARCHAR(255), 
	redirect_uri VARCHAR(1023), 
	allowed_scopes TEXT, 
	CONSTRAINT pk_oauth_clients PRIMARY KEY (id), 
	CONSTRAINT uq_oauth_clients_identifier UNIQUE (identifier)
);
INSERT INTO "oauth_clients" VALUES(1,'jupyterhub','JupyterHub','','','[]');
CREATE TABLE oauth_codes (
	id INTEGER NOT NULL, 
	client_id VARCHAR(255), 
	code VARCHAR(36), 
	expires_at INTEGER, 
	redirect_uri VARCHAR(1023), 
	session_id VARCHAR(255), 
	user_id INTEGER, 
	scopes TEXT, 
	CONSTRAINT pk_oauth_codes PRIMARY KEY (id), 
	CONSTRAINT fk_oauth_codes_client_id_oauth_clients FOREIGN KEY(client_id) REFERENCES oauth_clients (identifier) ON DELETE CASCADE, 
	CONSTRAINT fk_oauth_codes_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE roles (
	id INTEGER NOT NULL, 
	name VARCHAR(255), 
	description VARCHAR(1023), 
	scopes TEXT, 
	CONSTRAINT pk_roles PRIMARY KEY (id), 
	CONSTRAINT uq_roles_name UNIQUE (name)
);
INSERT INTO "roles" VALUES(1,'admin','Elevated privileges (can do anything)','["admin-ui", "admin:users", "admin:servers", "tokens", "admin:groups", "list:services", "read:services", "read:hub", "proxy", "shutdown", "access:services", "access:servers", "read:roles", "read:metrics"]');
INSERT INTO "roles" VALUES(2,'server','Post activity only','["users:activity!user", "access:servers!user"]');
INSERT INTO "roles" VALUES(3,'token','Token with same permissions as its owner','["inherit"]');
INSERT INTO "roles" VALUES(4,'teacher','Teaches.','["self", "list:users"]');
INSERT INTO "roles" VALUES(5,'reader',NULL,'["read:hub"]');
INSERT INTO "roles" VALUES(6,'user','Standard user privileges','["self", "read:hub"]');
CREATE TABLE servers (
	id INTEGER NOT NULL, 
	proto VARCHAR(15), 
	ip VARCHAR(255), 
	port INTEGER, 
	base_url VARCHAR(255), 
	cookie_name VARCHAR(255), 
	CONSTRAINT pk_servers PRIMARY KEY (id)
);
CREATE TABLE service_role_map (
	service_id INTEGER NOT NULL, 
	role_id INTEGER NOT NULL, 
	CONSTRAINT pk_service_role_map PRIMARY KEY (service_id, role_id), 
	CONSTRAINT fk_service_role_map_service_id_services FOREIGN KEY(service_id) REFERENCES services (id) ON DELETE CASCADE, 
	CONSTRAINT fk_service_role_map_role_id_roles FOREIGN KEY(role_id) REFERENCES roles (id) ON DELETE CASCADE
);
INSERT INTO "service_role_map" VALUES(1,1);
INSERT INTO "service_role_map" VALUES(2,5);
CREATE TABLE services (
	id INTEGER NOT NULL, 
	name VARCHAR(255), 
	admin BOOLEAN, 
	_server_id INTEGER, 
	pid INTEGER, 
	oauth_client_id VARCHAR(255), 
	CONSTRAINT pk_services PRIMARY KEY (id), 
	CONSTRAINT uq_services_name UNIQUE (name), 
	CONSTRAINT fk_services__server_id_servers FOREIGN KEY(_server_id) REFERENCES servers (id) ON DELETE SET NULL, 
	CONSTRAINT fk_services_oauth_client_id_oauth_clients FOREIGN KEY(oauth_client_id) REFERENCES oauth_clients (identifier) ON DELETE SET NULL
);
INSERT INTO "services" VALUES(1,'maker',1,NULL,NULL,NULL);
INSERT INTO "services" VALUES(2,'reporter',0,NULL,NULL,NULL);
CREATE TABLE spawners (
	id INTEGER NOT NULL, 
	user_id INTEGER, 
	server_id INTEGER, 
	state TEXT, 
	name VARCHAR(255), 
	started DATETIME, 
	last_activity DATETIME, 
	user_options TEXT, 
	oauth_client_id VARCHAR(255), 
	CONSTRAINT pk_spawners PRIMARY KEY (id), 
	CONSTRAINT fk_spawners_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT fk_spawners_server_id_servers FOREIGN KEY(server_id) REFERENCES servers (id) ON DELETE SET NULL, 
	CONSTRAINT fk_spawners_oauth_client_id_oauth_clients FOREIGN KEY(oauth_client_id) REFERENCES oauth_clients (identifier) ON DELETE SET NULL
);
INSERT INTO "spawners" VALUES(1,4,NULL,NULL,'',NULL,NULL,NULL,NULL);
INSERT INTO "spawners" VALUES(2,5,NULL,NULL,'',NULL,NULL,NULL,NULL);
INSERT INTO "spawners" VALUES(3,2,NULL,NULL,'',NULL,NULL,NULL,NULL);
INSERT INTO "spawners" VALUES(4,3,NULL,NULL,'',NULL,NULL,NULL,NULL);
CREATE TABLE user_group_map (
	user_id INTEGER NOT NULL, 
	group_id INTEGER NOT NULL, 
	CONSTRAINT pk_user_group_map PRIMARY KEY (user_id, group_id), 
	CONSTRAINT fk_user_group_map_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT fk_user_group_map_group_id_groups FOREIGN KEY(group_id) REFERENCES groups (id) ON DELETE CASCADE
);
INSERT INTO "user_group_map" VALUES(2,1);
INSERT INTO "user_group_map" VALUES(3,1);
CREATE TABLE user_role_map (
	user_id INTEGER NOT NULL, 
	role_id INTEGER NOT NULL, 
	CONSTRAINT pk_user_role_map PRIMARY KEY (user_id, role_id), 
	CONSTRAINT fk_user_role_map_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT fk_user_role_map_role_id_roles FOREIGN KEY(role_id) REFERENCES roles (id) ON DELETE CASCADE
);
INSERT INTO "user_role_map" VALUES(1,1);
INSERT INTO "user_role_map" VALUES(1,6);
INSERT INTO "user_role_map" VALUES(2,6);
INSERT INTO "user_role_map" VALUES(3,6);
INSERT INTO "user_role_map" VALUES(2,4);
INSERT INTO "user_role_map" VALUES(4,6);
INSERT INTO "user_role_map" VALUES(5,6);
CREATE TABLE users (
	id INTEGER NOT NULL, 
	name VARCHAR(255), 
	admin BOOLEAN, 
	created DATETIME, 
	last_activity DATETIME, 
	cookie_id VARCHAR(255) NOT NULL, 
	state TEXT, 
	encrypted_auth_state BLOB, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_name UNIQUE (name), 
	CONSTRAINT uq_users_cookie_id UNIQUE (cookie_id)
);
INSERT INTO "users" VALUES(1,'root',1,'2026-11-24 10:06:22.016962',NULL,'07cb08ed73c1448c86915feb65e0dd72',NULL,NULL);
INSERT INTO "users" VALUES(2,'ada',0,'2026-11-24 10:06:22.051234','2026-11-24 10:06:23.315415','8207308bf013430f88275e7c5279bc0d',NULL,X'674141414141427242574766572D426C714138455476677535696531576F41474B457048704E56747572785469627848425036436B3534747A553175474C586C686F4347584D445545316D6F596E5830396D7669594B6844766279665955425658444A564E7950424B7A495777723352485858537A776E634B58675146626846495270437645566F63486E79');
INSERT INTO "users" VALUES(3,'bob',0,'2026-11-24 10:06:22.077217',NULL,'059fb71afda04bc5bcf796b9d15ea940',NULL,NULL);
INSERT INTO "users" VALUES(4,'charlie',0,'2026-11-24 10:06:22.953817',NULL,'d749d7be2dcb4a05aacfdae2b5b5706e',NULL,NULL);
INSERT INTO "users" VALUES(5,'dora',0,'2026-11-24 10:06:23.025852','2026-01-02 03:04:05.678000','35280b31e7a545db9b618234946822d7',NULL,NULL);
CREATE INDEX ix_api_tokens_prefix ON api_tokens (prefix);
COMMIT;
