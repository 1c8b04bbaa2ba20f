//! The companion package, as far as the sandbox serves it: rights, planned orders, requests of planners.

use carbide::sandbox::{RunningSandbox, SandboxOptions};
use carbide::sap::bapi::authority::{self, Granted, Right};
use carbide::sap::error::SapError;

use crate::support::{PASSWORD, rfc};

const ASKED: [Right; 3] = [
    Right { object: "S_RFC", field: "RFC_NAME", value: "Z_CARBIDE_AUTHORITY" },
    Right { object: "S_RFC", field: "RFC_NAME", value: "*" },
    Right { object: "S_DEVELOP", field: "ACTVT", value: "02" },
];

async fn asked(companion: bool, profiles: &[&str]) -> Result<Vec<Granted>, SapError> {
    let profiles = profiles.iter().map(|name| (*name).to_owned()).collect();
    let options =
        SandboxOptions { companion, profiles, ..SandboxOptions::local("CARBIDE", PASSWORD) };
    let sandbox = RunningSandbox::start(options).await.unwrap();
    let rfc = rfc(&sandbox);
    let answer = rfc.call(&authority::ask(&ASKED)).await;
    let granted = answer.and_then(|reply| authority::answered(rfc.system(), &reply, &ASKED));
    sandbox.stop().await;
    granted
}

#[tokio::test]
async fn a_user_who_is_held_to_the_role_has_neither_everything_nor_development() {
    let granted = asked(true, &[]).await.unwrap();

    assert_eq!(granted, [Granted::Yes, Granted::No, Granted::No]);
}

#[tokio::test]
async fn a_user_with_sap_all_has_what_no_role_has() {
    assert_eq!(asked(true, &["SAP_ALL"]).await.unwrap(), [Granted::Yes; 3]);
}

#[tokio::test]
async fn without_the_package_the_question_is_not_understood() {
    let refused = asked(false, &[]).await.unwrap_err();

    assert!(refused.to_string().contains("Z_CARBIDE_AUTHORITY"), "{refused}");
}
