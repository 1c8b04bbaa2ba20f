//! The page for somebody whom the directory did not let in: they stand before the door, so the page of
//! ours, which asks for a session first, cannot tell them.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::guard::cookie_named;
use super::problem::Problem;

/// The language that somebody chose in the page, as `web/src/i18n.ts` keeps it for this address.
const CHOSEN: &str = "carbide_language";

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    English,
    German,
    Chinese,
    Japanese,
}

/// What a page says, whatever the reason.
struct Words {
    heading: &'static str,
    said: &'static str,
    back: &'static str,
}

impl Language {
    const ALL: [Self; 4] = [Self::English, Self::German, Self::Chinese, Self::Japanese];

    fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Chinese => "zh",
            Self::Japanese => "ja",
        }
    }

    /// The language of a tag as `de-AT`.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// As the page decides: the one that was chosen there, else the first of the browser's that there
    /// is, else English.
    fn of(headers: &HeaderMap) -> Self {
        if let Some(chosen) = cookie_named(headers, CHOSEN).and_then(|tag| Self::of_tag(&tag)) {
            return chosen;
        }
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut wanted: Vec<(f32, Self)> = accepted
            .split(',')
            .filter_map(|part| {
                let (tag, quality) = part.split_once(";q=").unwrap_or((part, "1"));
                Some((quality.trim().parse().ok()?, Self::of_tag(tag)?))
            })
            .filter(|(quality, _)| *quality > 0.0)
            .collect();
        // Stable: of two that are wanted alike the first counts.
        wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
        wanted.first().map_or(Self::English, |(_, language)| *language)
    }

    fn words(self) -> Words {
        match self {
            Self::English => Words {
                heading: "Not logged on",
                said: "The server says:",
                back: "Back to the logon",
            },
            Self::German => Words {
                heading: "Nicht angemeldet",
                said: "Der Server sagt (englisch):",
                back: "Zurück zur Anmeldung",
            },
            Self::Chinese => {
                Words {
                    heading: "未登录", said: "服务器说明（英文）：", back: "返回登录"
                }
            }
            Self::Japanese => Words {
                heading: "ログオンしていません",
                said: "サーバーからのメッセージ（英語）：",
                back: "ログオンに戻る",
            },
        }
    }

    /// What a problem means for whoever wanted in, and what they can do.
    fn meaning(self, code: &str) -> &'static str {
        match (self, code) {
            (Self::English, "ROLE") => {
                "The directory knows you, but gives you no role in Carbide. Ask whoever administers it \
                 for one of these: viewer, auditor, planner, finance, admin."
            }
            (Self::German, "ROLE") => {
                "Das Verzeichnis kennt Sie, gibt Ihnen aber keine Rolle in Carbide. Bitten Sie dessen \
                 Verwaltung um eine von diesen: viewer, auditor, planner, finance, admin."
            }
            (Self::Chinese, "ROLE") => {
                "目录服务认识您，但没有为您分配 Carbide 的角色。请向管理员申请其中之一：viewer、auditor、\
                 planner、finance、admin。"
            }
            (Self::Japanese, "ROLE") => {
                "ディレクトリに登録されていますが、Carbide のロールがありません。管理者に次のいずれかを\
                 依頼してください：viewer、auditor、planner、finance、admin。"
            }
            (Self::English, "RATE") => "There were too many tries. Wait a minute and log on again.",
            (Self::German, "RATE") => {
                "Es waren zu viele Versuche. Warten Sie eine Minute und melden Sie sich neu an."
            }
            (Self::Chinese, "RATE") => "尝试次数过多。请等待一分钟后重新登录。",
            (Self::Japanese, "RATE") => {
                "試行回数が多すぎます。1 分待ってから、もう一度ログオンしてください。"
            }
            (Self::English, _) => {
                "The directory did not say who you are. Log on again; if this page comes once more, show \
                 the text below to whoever administers Carbide."
            }
            (Self::German, _) => {
                "Das Verzeichnis hat nicht gesagt, wer Sie sind. Melden Sie sich neu an; kommt diese Seite \
                 wieder, zeigen Sie den Text darunter der Verwaltung von Carbide."
            }
            (Self::Chinese, _) => {
                "目录服务未能确认您的身份。请重新登录；如果再次出现此页面，请将下面的文字交给 Carbide 管理员。"
            }
            (Self::Japanese, _) => {
                "ディレクトリがユーザーを確認できませんでした。もう一度ログオンしてください。再びこのページが\
                 表示される場合は、下の文を Carbide の管理者に見せてください。"
            }
        }
    }
}

/// The page that says why somebody did not come in, in the language that they read.
pub fn refused(problem: &Problem, headers: &HeaderMap) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNAUTHORIZED);
    let language = Language::of(headers);
    let words = language.words();
    let page = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Carbide: {}</title></head>\
         <body><main><h1>{}</h1><p>{}</p><p>{} <span lang=\"en\">{}: {}</span></p>\
         <p><a href=\"/\">{}</a></p></main></body></html>",
        language.tag(),
        words.heading,
        words.heading,
        language.meaning(&problem.code),
        words.said,
        escaped(&problem.code),
        escaped(&problem.detail),
        words.back,
    );
    let no_store = HeaderValue::from_static("no-store");
    let tag = HeaderValue::from_static(language.tag());
    let headers = [(header::CACHE_CONTROL, no_store), (header::CONTENT_LANGUAGE, tag)];
    (status, headers, Html(page)).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accepted: &'static str, cookie: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
        headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        Language::of(&headers)
    }

    #[test]
    fn the_language_is_the_chosen_one_else_the_browsers_best_else_english() {
        assert_eq!(asked("ja", "carbide=x; carbide_language=de"), Language::German);
        assert_eq!(asked("fr, ja;q=0.3, de-AT;q=0.8", ""), Language::German);
        assert_eq!(asked("zh-Hans-CN,en;q=0.9", "carbide_language=fr"), Language::Chinese);
        assert_eq!(asked("de;q=0, ja", ""), Language::Japanese);
        assert_eq!(asked("fr, *", ""), Language::English);
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }

    #[test]
    fn what_the_directory_sent_is_text_and_no_markup() {
        assert_eq!(escaped("<img src=\"x\"> & more"), "&lt;img src=&quot;x&quot;&gt; &amp; more");
    }
}
