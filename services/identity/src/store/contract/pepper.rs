//! What a key of the pepper still seals.

use rekey_sealing::KeyId;

use super::world::World;
use crate::domain::account::{Account, PasswordRecord, Sealed};
use crate::domain::security_info::{Holding, SecurityInfo};
use crate::domain::totp::{Totp, TotpHash};
use crate::store::UnderPepper;

/// As a value begins that a key sealed.
fn sealed(key: &KeyId) -> Sealed {
    Sealed::new([[1].as_slice(), &key.fingerprint(), b"nonce, ciphertext and tag"].concat())
}

pub(super) async fn what_a_key_seals_is_counted_over_all_tenants(world: World) {
    let [old, new] = ["old", "new"].map(|id| KeyId::parse(id).unwrap());
    let scopes = [world.tenant().await, world.create_tenant(&world.unborn_tenant("globex")).await];
    for (scope, login, key) in
        [(&scopes[0], "anna", &old), (&scopes[1], "anna", &old), (&scopes[0], "ben", &new)]
    {
        let account = world.unborn_account(scope, login);
        let password = account.password.clone().map(|record| PasswordRecord { hash: sealed(key), ..record });
        let totp = Totp { hash: TotpHash::Sha1, digits: 6 };
        let holding = Holding::Authenticator { totp, key: sealed(key), last_step: None };
        let entry = SecurityInfo { holding, ..world.entry(&format!("{login}@other.example")) };
        let security_info = if login == "ben" { vec![entry] } else { account.security_info.clone() };
        world.create_account(scope, &Account { password, security_info, ..account }).await;
    }

    let of_old = world.store.under_pepper(&old).await.unwrap();
    let of_new = world.store.under_pepper(&new).await.unwrap();
    let of_none = world.store.under_pepper(&KeyId::parse("none").unwrap()).await.unwrap();

    assert_eq!(of_old, UnderPepper { passwords: 2, authenticators: 0, webhooks: 0 });
    assert_eq!(of_new, UnderPepper { passwords: 1, authenticators: 1, webhooks: 0 });
    assert!(of_none.is_empty());
    assert_eq!(of_old.to_string(), "2 passwords, 0 authenticators, 0 webhooks");
}
