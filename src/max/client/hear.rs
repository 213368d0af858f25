//! What an answer changes: what was sent is done, refused, or to be waited for (MAX 2.5, 3.7, 5).

use super::answer::{self, Verdict, reason};
use super::desk::Desk;
use super::request;
use super::state::{Sent, Stage, Verb};
use crate::http::Response;
use crate::peer::Bookmark;
use crate::record::{RecordId, Seq};
use crate::store::{Acknowledged, Collection, Store, StoreError};
use crate::upstream::{Ended, Mode, Outcome, Reason, Refusal, Step};

/// How a sealed token begins.
const SEALED: &str = "sealed:";

impl<S: Store> Desk<'_, S> {
    /// Takes an answer; a step where it ends the turn.
    pub async fn answered(&mut self, sent: Sent, response: &Response) -> Result<Option<Step>, StoreError> {
        let collection = self.upstream.pairs.get(self.run.at);
        let collection = collection.and_then(|pair| self.snapshot.collection_at(&pair.collection)).cloned();
        let Some(collection) = collection else { return Ok(None) };
        let verdict = answer::judge(response);
        if !matches!(verdict, Verdict::Busy(..)) {
            self.run.busy = 0;
        }
        match (verdict, sent) {
            (Verdict::Fine(body), Sent::Logon) => self.signed_in(&body).await,
            (Verdict::Fine(_), Sent::Post { record, seq, verb }) => {
                let mut bookmark = self.bookmark(&collection.id);
                bookmark.position = bookmark.position.max(seq);
                let generation = bookmark.attempt;
                self.keep(bookmark);
                let id = collection.id;
                match verb {
                    Verb::Delete => self.batch.dropped.push((id, record)),
                    _ => {
                        self.batch.acknowledged.push(Acknowledged { collection: id, record, seq, generation })
                    }
                }
                self.count_sent(verb);
                Ok(None)
            }
            (Verdict::Fine(body), Sent::Feed) => match answer::read(&body) {
                Ok(channel) => self.take(&collection, channel).await,
                Err(words) => self.broken(reason("protocol", response.status, words)).await,
            },
            (Verdict::Busy(retry, error), _) => self.wait(retry, error).await.map(Some),
            (Verdict::Unauthorized(error), sent) => {
                self.state.token.clear();
                if sent != Sent::Logon && !self.upstream.login.is_empty() && !self.run.signed_in {
                    return Ok(None);
                }
                self.end(Ended::Failed, Some(error), true).await.map(Some)
            }
            (Verdict::Broken(error), _) => self.broken(error).await,
            (Verdict::NotFound(error) | Verdict::Refused(error), Sent::Logon) => {
                self.end(Ended::Failed, Some(error), true).await.map(Some)
            }
            (Verdict::Refused(error), Sent::Post { record, seq, .. }) => {
                self.refused(&collection, error, &record, seq);
                Ok(None)
            }
            (Verdict::Reset, Sent::Feed) if !self.run.reset => {
                self.compare_all(&collection);
                Ok(None)
            }
            (Verdict::Reset, _) => {
                self.broken(reason("protocol", 600, "the server resets again and again")).await
            }
            (Verdict::NotFound(error) | Verdict::Refused(error), _) => {
                self.fail_pair(Some(&collection), error);
                Ok(None)
            }
        }
    }

    async fn signed_in(&mut self, body: &[u8]) -> Result<Option<Step>, StoreError> {
        let Some(token) = request::token(body) else {
            return self.broken(reason("protocol", 200, "the server's logon answers without a token")).await;
        };
        self.run.signed_in = true;
        self.state.token = match &self.settings.sealer {
            Some(sealer) => {
                let sealed = sealer.seal(&self.seal_name(), &token, self.seed.draw());
                format!("{SEALED}{sealed}")
            }
            None => token,
        };
        Ok(None)
    }

    /// The token to ask with; `None` where one must be got by signing in.
    pub fn token(&self) -> Option<String> {
        if self.upstream.login.is_empty() {
            return Some(self.upstream.password.clone());
        }
        let token = match self.state.token.strip_prefix(SEALED) {
            Some(sealed) => self.settings.sealer.as_ref()?.open(&self.seal_name(), sealed)?,
            None => self.state.token.clone(),
        };
        Some(token).filter(|token| !token.is_empty())
    }

    fn seal_name(&self) -> String {
        format!("upstream {} {}", self.upstream.peer.0, self.upstream.login)
    }

    /// A change that the server does not take: the next one is asked for. A data source that takes none is not asked again.
    fn refused(&mut self, collection: &Collection, error: Reason, record: &RecordId, seq: Seq) {
        const READ_ONLY: u16 = 403;
        let mut bookmark = self.bookmark(&collection.id);
        if error.status == READ_ONLY {
            bookmark.sending = false;
            self.keep(bookmark);
            self.count(|outcome| outcome.error = Some(error));
            return self.next_stage();
        }
        bookmark.position = bookmark.position.max(seq);
        self.keep(bookmark);
        if self.run.refused_at == 0 {
            self.run.refused_at = seq;
        }
        let Reason { status, message, .. } = error;
        let refusal = Refusal { record: record.as_str().to_owned(), item: String::new(), status, message };
        self.count(|outcome| outcome.refuse(refusal));
    }

    /// 600: the feed is asked for from its beginning, and both sides are compared.
    fn compare_all(&mut self, collection: &Collection) {
        let mut bookmark = self.bookmark(&collection.id);
        compare_anew(&mut bookmark);
        self.keep(bookmark);
        self.run.stages = vec![Stage::Pull, Stage::Push];
        (self.run.reset, self.run.full, self.run.begun) = (true, true, true);
        self.run.more.clear();
        self.count(|outcome| {
            outcome.mode = Mode::Slow;
            outcome.why_slow = Some("the server no longer knows what has changed since the last sync".into());
        });
    }

    fn count_sent(&mut self, verb: Verb) {
        self.run.progress.sent += 1;
        self.count(|outcome| match verb {
            Verb::Add => outcome.sent.added += 1,
            Verb::Change => outcome.sent.changed += 1,
            Verb::Delete => outcome.sent.deleted += 1,
        });
    }

    /// Says something of what becomes of this pair.
    pub fn count(&mut self, say: impl FnOnce(&mut Outcome)) {
        if let Some(outcome) = self.run.outcomes.get_mut(self.run.at) {
            say(outcome);
        }
    }
}

/// From now on nothing that was known counts: aliases are made anew, and the feed is asked for from its beginning.
pub fn compare_anew(bookmark: &mut Bookmark) {
    bookmark.attempt += 1;
    bookmark.confirmed.generation = bookmark.attempt;
    bookmark.confirmed.anchor.clear();
    bookmark.sending = false;
}
