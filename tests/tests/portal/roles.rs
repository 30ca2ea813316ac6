//! What each role is shown, address by address: a page, a refusal that names nobody, or nothing at all.
//!
//! The tables stand for themselves. An address that the portal has and they have not fails as well.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rekey_tests::person::{Person, request_id};
use rekey_tests::visitor::Visitor;
use rekey_tests::{Stores, World, on_stores};
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;
use rekey_wire::identity::v1::{
    AddGroupMembersRequest, BulkResetMode, CreateGroupRequest, ListHelpRequestsRequest,
    RequestAdministratorHelpRequest, StartBulkResetRequest,
};
use rekey_wire::options::v1::Role;

on_stores!(embedded Embedded:
    each_address_is_shown_to_whose_role_it_is_and_refused_without_a_name,
    what_names_nothing_is_no_page,
    whoever_may_little_is_offered_little,
);
// What pages offer is decided before a store is asked.
on_stores!(real Real: each_address_is_shown_to_whose_role_it_is_and_refused_without_a_name);

/// What a helpdesk administrator gets, a reports reader, and somebody without a role.
type Statuses = [u16; 3];

const SUPPORT: Statuses = [200, 403, 403];
const BEYOND: Statuses = [403; 3];
const READING: Statuses = [403, 200, 403];
/// Support's, and there is none of this name.
const UNKNOWN: Statuses = [404, 403, 403];

/// By the address as the portal has it.
const ROUTES: [(&str, Statuses); 50] = [
    ("/administration/accounts", SUPPORT),
    ("/administration/accounts/new", BEYOND),
    ("/administration/accounts/{id}", SUPPORT),
    ("/administration/accounts/{id}/names", BEYOND),
    ("/administration/accounts/{id}/reset-password", SUPPORT),
    ("/administration/accounts/{id}/access-pass", BEYOND),
    ("/administration/requests", SUPPORT),
    ("/administration/requests/{account}/{request}", SUPPORT),
    ("/administration/requests/{account}/{request}/claim", SUPPORT),
    ("/administration/requests/{account}/{request}/resolve", SUPPORT),
    ("/administration/requests/{account}/{request}/deny", SUPPORT),
    ("/administration/requests/{account}/{request}/code", SUPPORT),
    ("/administration/requests/{account}/{request}/verify", SUPPORT),
    ("/administration/bulk-resets", SUPPORT),
    ("/administration/bulk-resets/new", SUPPORT),
    ("/administration/bulk-resets/{id}", SUPPORT),
    ("/administration/bulk-resets/{id}/reset", SUPPORT),
    ("/administration/bulk-resets/{id}/list/{from}", SUPPORT),
    ("/administration/bulk-resets/{id}/cancel", SUPPORT),
    ("/administration/groups", SUPPORT),
    ("/administration/groups/{id}", SUPPORT),
    ("/administration/groups/{id}/name", SUPPORT),
    ("/administration/groups/{id}/accounts", SUPPORT),
    ("/administration/groups/{id}/groups", SUPPORT),
    ("/administration/groups/{id}/remove", SUPPORT),
    // To see that somebody is in a group is not to delete it.
    ("/administration/groups/{id}/delete", BEYOND),
    // Whoever reads reports may read what the rules are.
    ("/administration/policy", READING),
    ("/administration/policy/edit", BEYOND),
    ("/administration/policy/logo", BEYOND),
    ("/administration/policy/logo/remove", BEYOND),
    ("/administration/policy/revisions", READING),
    ("/administration/policy/revisions/{revision}", READING),
    ("/administration/templates", BEYOND),
    // Without a language it leads back to the list.
    ("/administration/templates/{name}", [303; 3]),
    ("/administration/templates/{name}/{locale}", BEYOND),
    ("/administration/templates/{name}/{locale}/preview", BEYOND),
    ("/administration/templates/{name}/{locale}/built-in", BEYOND),
    ("/administration/templates/{name}/{locale}/built-in/preview", BEYOND),
    ("/administration/templates/{name}/{locale}/versions", BEYOND),
    ("/administration/templates/{name}/{locale}/versions/{version}", BEYOND),
    ("/administration/templates/{name}/{locale}/versions/{version}/preview", BEYOND),
    ("/administration/audit", READING),
    ("/administration/audit/funnel", READING),
    ("/administration/audit/verification", READING),
    ("/administration/messages", SUPPORT),
    ("/administration/messages/providers", SUPPORT),
    ("/administration/messages/suppressions", SUPPORT),
    ("/administration/messages/{message}", UNKNOWN),
    ("/administration/messages/{message}/cancel", UNKNOWN),
    ("/administration/messages/{message}/replay", UNKNOWN),
];

/// What is done to an account: all of them are one route.
const ACT: &str = "/administration/accounts/{id}/{act}";
const ACTS: [(&str, Statuses); 15] = [
    ("unlock", SUPPORT),
    ("end-sessions", SUPPORT),
    // It does not say which.
    ("end-session", [404, 403, 403]),
    ("block", BEYOND),
    ("unblock", BEYOND),
    ("unfreeze", BEYOND),
    ("end-access-pass", BEYOND),
    ("remove-method", BEYOND),
    ("grant-role", BEYOND),
    ("revoke-role", BEYOND),
    ("exempt-from-expiry", BEYOND),
    ("end-exemption", BEYOND),
    ("delete", BEYOND),
    ("undelete", BEYOND),
    ("erase", BEYOND),
];

/// Whom pages are about. Neither stands in any text of the portal.
const NAME: &str = "Zacharias Quell";
const LOGIN: &str = "zacharias@acme.example";

/// What addresses name.
struct Named {
    account: String,
    request: String,
    job: String,
    group: String,
}

impl Named {
    async fn of(world: &World) -> Self {
        let person = world.person_with("zacharias", |new| new.display_name = NAME.to_owned()).await;
        Self {
            request: help_request(world, &person).await,
            job: bulk_reset(world).await,
            group: group(world).await,
            account: person.account_id,
        }
    }

    fn address(&self, route: &str) -> String {
        let id = match route.split('/').nth(2) {
            Some("bulk-resets") => &self.job,
            Some("groups") => &self.group,
            _ => &self.account,
        };
        let address = route.replace("{account}", &self.account).replace("{request}", &self.request);
        let text =
            [("{name}", "password_reset_code"), ("{locale}", "en"), ("{revision}", "1"), ("{version}", "1")];
        let address = text.iter().fold(address, |address, (blank, name)| address.replace(blank, name));
        address.replace("{message}", &self.account).replace("{id}", id).replace("{from}", &self.job)
    }
}

async fn help_request(world: &World, person: &Person) -> String {
    let ask = RequestAdministratorHelpRequest {
        tenant_id: world.tenant_id.clone(),
        login: person.login.clone(),
        reset_token: String::new(),
        message: "I lost my phone".to_owned(),
        request_id: request_id(),
        context: None,
    };
    world.resets().request_administrator_help(ask).await.unwrap();
    let list = ListHelpRequestsRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: person.account_id.clone(),
        ..ListHelpRequestsRequest::default()
    };
    let listed = HelpDeskServiceClient::new(world.identity.clone()).list_help_requests(list).await.unwrap();
    listed.into_inner().help_requests[0].help_request_id.clone()
}

/// One that waits for its list.
async fn bulk_reset(world: &World) -> String {
    let start = StartBulkResetRequest {
        tenant_id: world.tenant_id.clone(),
        mode: BulkResetMode::RequireChange.into(),
        dry_run: true,
        accounts_per_second: 0,
        filter: None,
        request_id: request_id(),
        context: None,
    };
    let started = BulkResetServiceClient::new(world.identity.clone()).start_bulk_reset(start).await.unwrap();
    started.into_inner().bulk_reset.unwrap().bulk_reset_id
}

async fn group(world: &World) -> String {
    let create = CreateGroupRequest {
        tenant_id: world.tenant_id.clone(),
        display_name: "Night shift".to_owned(),
        request_id: request_id(),
        context: None,
    };
    let created = GroupServiceClient::new(world.identity.clone()).create_group(create).await.unwrap();
    created.into_inner().group.unwrap().group_id
}

/// Puts whom pages are about into the group.
async fn put_into_group(world: &World, named: &Named) {
    let add = AddGroupMembersRequest {
        tenant_id: world.tenant_id.clone(),
        group_id: named.group.clone(),
        account_ids: vec![named.account.clone()],
        member_group_ids: Vec::new(),
        request_id: request_id(),
        context: None,
    };
    GroupServiceClient::new(world.identity.clone()).add_group_members(add).await.unwrap();
}

/// Somebody who is signed in.
async fn signed_in(world: &World, name: &str, role: Option<Role>) -> Visitor {
    let person = world.person(name).await;
    if let Some(role) = role {
        world.grant(&person, role).await;
    }
    let mut visitor = Visitor::of(world).await;
    let hidden = visitor.hidden_of("/sign-in").await;
    let (login, password) = (person.login.replace('@', "%40"), person.password.replace(' ', "+"));
    let form = format!("{hidden}&login={login}&password={password}");
    let answer = visitor.post("/sign-in", &form).await;
    assert_eq!((answer.status, answer.values("Location").concat()), (303, "/account".to_owned()));
    visitor
}

/// The addresses of administration that stand in the portal's source.
fn routed() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/portal/src/pages")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(path).unwrap();
            let routes =
                source.split(".route(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
            let routes = routes.filter_map(|rest| rest.split('"').next());
            found.extend(routes.filter(|route| route.starts_with("/administration")).map(str::to_owned));
        }
    }
    found
}

async fn each_address_is_shown_to_whose_role_it_is_and_refused_without_a_name(stores: Stores) {
    let world = World::start(stores).await;
    let named = Named::of(&world).await;
    let mut people = [
        signed_in(&world, "desk", Some(Role::HelpdeskAdministrator)).await,
        signed_in(&world, "reader", Some(Role::ReportsReader)).await,
        signed_in(&world, "simple", None).await,
    ];
    let routes = ROUTES.map(|(route, statuses)| (route.to_owned(), statuses));
    let acts = ACTS.map(|(act, statuses)| (ACT.replace("{act}", act), statuses));

    let mut wrong = Vec::new();
    for (route, statuses) in routes.into_iter().chain(acts) {
        for (person, expected) in people.iter_mut().zip(statuses) {
            let answer = person.get(&named.address(&route)).await;
            let tells = answer.body.contains(NAME) || answer.body.contains(LOGIN);
            if answer.status != expected || (answer.status != 200 && tells) {
                wrong.push(format!("{route}: {} and not {expected}\n{}", answer.status, answer.body));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known: BTreeSet<String> =
        ROUTES.map(|(route, _)| route).into_iter().chain([ACT]).map(str::to_owned).collect();
    assert_eq!(routed(), known);
    world.stop().await;
}

async fn what_names_nothing_is_no_page(stores: Stores) {
    let world = World::start(stores).await;
    let mut desk = signed_in(&world, "desk", Some(Role::HelpdeskAdministrator)).await;
    let unknown = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";
    let places = ["accounts", "bulk-resets", "groups"];
    let strange = [unknown, "nobody", "..%2F..%2Faccount", "%00"];

    let mut found = Vec::new();
    for place in places {
        for id in strange {
            found.push(desk.get(&format!("/administration/{place}/{id}")).await.status);
        }
    }
    for request in [unknown, "nobody"] {
        found.push(desk.get(&format!("/administration/requests/{unknown}/{request}")).await.status);
    }
    // Nothing was ticked, and the list says so.
    let batch = desk.get("/administration/accounts/reset").await;

    assert_eq!(found, [404; 14]);
    assert_eq!(
        (batch.status, batch.values("Location").concat()),
        (303, "/administration/accounts".to_owned())
    );
    world.stop().await;
}

async fn whoever_may_little_is_offered_little(stores: Stores) {
    let world = World::start(stores).await;
    let named = Named::of(&world).await;
    let chief = world.person("chief").await;
    world.grant(&chief, Role::GlobalAdministrator).await;
    let mut desk = signed_in(&world, "desk", Some(Role::HelpdeskAdministrator)).await;
    let mut reader = signed_in(&world, "reader", Some(Role::ReportsReader)).await;
    let mut simple = signed_in(&world, "simple", None).await;
    let link = |text: &str| format!(">{text}</a>");
    let places = ["Accounts", "Requests", "Bulk", "Groups", "Messages", "Policy", "Templates", "Audit"];
    let offers = ["Reset password", "Unlock", "Change names", "Block sign-in", "Delete the account"];
    let reset = link("Reset password");

    let empty_group = desk.get(&named.address("/administration/groups/{id}")).await.body;
    put_into_group(&world, &named).await;
    let account = desk.get(&named.address("/administration/accounts/{id}")).await.body;
    let out_of_reach = desk.get(&format!("/administration/accounts/{}", chief.account_id)).await;
    let policy = reader.get("/administration/policy").await.body;
    let [own, of_others] = [desk.get("/account").await.body, simple.get("/account").await.body];

    assert_eq!(
        places.map(|place| account.contains(&link(place))),
        [true, true, true, true, true, false, false, false]
    );
    assert_eq!(
        places.map(|place| policy.contains(&link(place))),
        [false, false, false, false, false, true, false, true]
    );
    assert!(!policy.contains("/administration/policy/edit"));
    assert_eq!(offers.map(|offer| account.contains(&link(offer))), [true, true, false, false, false]);
    assert!(account.contains(&link("Night shift")) && !account.contains("The person is in no group."));
    assert!(!account.contains("Grant a role") && !account.contains("Security info</h2>"));
    assert!(out_of_reach.status == 200 && !out_of_reach.body.contains(&reset));
    assert!(out_of_reach.body.contains("you can look at it and change nothing"));
    assert!(out_of_reach.body.contains("The person is in no group."));
    assert!(!empty_group.contains("Add to Night shift") && !empty_group.contains("Delete the group"));
    assert!(empty_group.contains("A user administrator can add somebody.") && !empty_group.contains("below"));
    assert_eq!([own, of_others].map(|page| page.contains(&link("Administration"))), [true, false]);
    world.stop().await;
}
