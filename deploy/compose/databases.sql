-- A database for each part that keeps one: nobody reads another part's store.
create database rekey_identity;
create database rekey_notification;
