BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0eee8c825d24');
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
INSERT INTO "api_tokens" VALUES(NULL,1,1,'sha512:16384:57f6396a72cb680c:c4a23b372b90fb8df75cf2ae1588a60ef27a4128997026f64592e793ba006adb2ba91780093e313f605f9d0e38024ca69ddab598141c74bf2aa57f15f2674aa1','toke','jupyterhub',NULL,'2026-11-24 10:06:29.220953',NULL,'2026-11-24 10:06:30.291158','from config','["inherit"]');
INSERT INTO "api_tokens" VALUES(NULL,2,2,'sha512:16384:39255f7a998fdc1a:58cb80645170205044ea563cccd8596e832b241508faf3f9c1b87d1bd0a06686d664def798961a9cb910e631afb485c6f6104729884303b9ea75249ddb151d3c','toke','jupyterhub',NULL,'2026-11-24 10:06:29.243119',NULL,NULL,'from config','["inherit"]');
INSERT INTO "api_tokens" VALUES(3,NULL,3,'sha512:16384:573db23f75ca36f7:17f2c02d99dc5acaab7ea5a2eaca08cf8785d0a786a620fd412ce85e2c25609f7ce79e9769d9ac910d1570cbec127463ddc175dd6bce62e93b9547713322090c','a-to','jupyterhub',NULL,'2026-11-24 10:06:29.257299',NULL,NULL,'from config','["inherit"]');
INSERT INTO "api_tokens" VALUES(2,NULL,4,'sha512:1:884f9a040f3dbeda:8dc38c5d489eee3dc0d5040df5accda7f9f749ff5e61c56ff36e8f76902996ec64a9ed81cc53e6ceb548775e237568cd7b95969d92372408d6932cffb3385b30','a993','jupyterhub',NULL,'2026-11-24 10:06:30.498740',NULL,NULL,'for my script','["inherit"]');
INSERT INTO "api_tokens" VALUES(2,NULL,5,'sha512:1:ff65a484f4cb561a:0ab84e81bb3a4f06a356c289b033fab89f8556c8e8293f151ef7c37c8f1c0f9399e36725d4e9d9c7dc2308d46098209a51c8fb4a07f6ddf9652a36cd707a0fb0','15d9','jupyterhub',NULL,'2026-11-24 10:06:30.539138',NULL,NULL,'reads','["read:users!user=ada"]');
INSERT INTO "api_tokens" VALUES(3,NULL,6,'sha512:1:cae95a2ae5581ec8:9e9a0c72d58057cc7577ea286ac783296f3405190c60cfcd3752cb2d175f41221aba2d138973b8f5754660e37cfaf8dab75a59d960c4fa3efe3bbb6f5aa153f2','2cad','jupyterhub',NULL,'2026-11-24 10:06:30.571573','2036-11-21 10:06:30.570999',NULL,'Requested via api by service maker','["inherit"]');
INSERT INTO "api_tokens" VALUES(3,NULL,7,'sha512:1:3f8ab1db0ccecb65:50c1573b475aa8bc1619f839e6790698b78a302e2da1d43642610dc5d5a79089a4b8d0d33dd3eb716831c1ba1736550f23c9d8da2e2821c4f562bd6f66f5f209','def7','jupyterhub',NULL,'2026-11-24 10:06:30.595359','2026-11-24 10:06:31.594486',NULL,'Requested via api by service maker','["inherit"]');
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
	properties TEXT, 
	CONSTRAINT pk_groups PRIMARY KEY (id), 
	CONSTRAINT uq_groups_name UNIQUE (name)
);
INSERT INTO "groups" VALUES(1,'lab','{}');
INSERT INTO "groups" VALUES(2,'empty','{}');
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
INSERT INTO "roles" VALUES(2,'server','Post activity only','["users:activity!user", "access:servers!server"]');
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
INSERT INTO "users" VALUES(1,'root',1,'2026-11-24 10:06:29.058369',NULL,'46b93ed85d6a4a9f992a61cc1f0cc2a4',NULL,NULL);
INSERT INTO "users" VALUES(2,'ada',0,'2026-11-24 10:06:29.115441','2026-11-24 10:06:30.721667','9ca7047e205b44669a9ca343bb3f2a4e',NULL,X'67414141414142724257476D48616434524A31596A434F454649654C6A495245322D385F534C76617850596D45596343366F615079324D4B363661426E47795141396B5074464A68784943565A51324F714F55796D4E6E335238634153304D396F49794842653858466163596B7458676C6E464646394A783553426C794B6D4679725A5F3779755436315A67');
INSERT INTO "users" VALUES(3,'bob',0,'2026-11-24 10:06:29.140742',NULL,'a5a0de9293214a5eba3c1fe5e651b865',NULL,NULL);
INSERT INTO "users" VALUES(4,'charlie',0,'2026-11-24 10:06:30.349637',NULL,'4ee8612d64d7434db98dfe923a105f11',NULL,NULL);
INSERT INTO "users" VALUES(5,'dora',0,'2026-11-24 10:06:30.386294','2026-01-02 03:04:05.678000','16698aecd9e64d1994470d9fd7467640',NULL,NULL);
CREATE INDEX ix_api_tokens_prefix ON api_tokens (prefix);
COMMIT;
