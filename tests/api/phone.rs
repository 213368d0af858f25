//! A phone of few words: SyncML 1.2 in XML, basic login, one collection. Enough to leave a device, a mapping and sessions behind.

use crate::world::*;
use anchorage::api::Caller;
use anchorage::http::{Request, Response};
use anchorage::secret;
use anchorage::store::Store;

pub struct Phone {
    pub device: String,
    pub login: String,
    pub password: String,
    url: String,
    session: u32,
    message: u32,
    anchor: u32,
    command: u32,
}

impl Phone {
    pub fn new(device: &str, login: &str) -> Self {
        let (device, login, password) = (device.into(), login.into(), PASSWORD.into());
        let url = "/syncml".into();
        Self { device, login, password, url, session: 0, message: 0, anchor: 0, command: 0 }
    }

    fn id(&mut self) -> u32 {
        self.command += 1;
        self.command
    }

    pub fn begin(&mut self) {
        (self.session, self.message, self.url) = (self.session + 1, 0, "/syncml".into());
    }

    pub fn alert(&mut self, code: u16) -> String {
        let last = if self.anchor > 0 { format!("<Last>{}</Last>", self.anchor) } else { String::new() };
        self.anchor += 1;
        let (id, next) = (self.id(), self.anchor);
        format!(
            "<Alert><CmdID>{id}</CmdID><Data>{code}</Data><Item><Target><LocURI>contacts</LocURI></Target><Source>\
             <LocURI>./contacts</LocURI></Source><Meta><Anchor xmlns='syncml:metinf'>{last}<Next>{next}</Next></Anchor></Meta>\
             </Item></Alert>"
        )
    }

    /// A `Sync` of these commands.
    pub fn sync(&mut self, commands: &[String]) -> String {
        let id = self.id();
        format!(
            "<Sync><CmdID>{id}</CmdID><Target><LocURI>contacts</LocURI></Target><Source><LocURI>./contacts</LocURI></Source>{}</Sync>",
            commands.concat()
        )
    }

    pub fn change(&mut self, verb: &str, luid: &str, body: &str) -> String {
        let id = self.id();
        format!(
            "<{verb}><CmdID>{id}</CmdID><Meta><Type xmlns='syncml:metinf'>text/vcard</Type></Meta><Item><Source><LocURI>{luid}\
             </LocURI></Source><Data><![CDATA[{body}]]></Data></Item></{verb}>"
        )
    }

    /// 200 for each of these commands of the last answer.
    pub fn thanks(&mut self, commands: &[(&str, &str)]) -> String {
        let reference = self.message;
        let status = |(name, command): &(&str, &str)| {
            let id = self.id();
            format!(
                "<Status><CmdID>{id}</CmdID><MsgRef>{reference}</MsgRef><CmdRef>{command}</CmdRef><Cmd>{name}</Cmd><Data>200</Data></Status>"
            )
        };
        commands.iter().map(status).collect()
    }

    pub fn map(&mut self, pairs: &[(&str, &str)]) -> String {
        let id = self.id();
        let item = |(target, source): &(&str, &str)| {
            format!(
                "<MapItem><Target><LocURI>{target}</LocURI></Target><Source><LocURI>{source}</LocURI></Source></MapItem>"
            )
        };
        let items: String = pairs.iter().map(item).collect();
        format!(
            "<Map><CmdID>{id}</CmdID><Target><LocURI>contacts</LocURI></Target><Source><LocURI>./contacts</LocURI></Source>{items}</Map>"
        )
    }

    pub fn device_info(&mut self, maker: &str, model: &str) -> String {
        let id = self.id();
        format!(
            "<Put><CmdID>{id}</CmdID><Meta><Type xmlns='syncml:metinf'>application/vnd.syncml-devinf+xml</Type></Meta><Item>\
             <Source><LocURI>./devinf12</LocURI></Source><Data><DevInf xmlns='syncml:devinf'><VerDTD>1.2</VerDTD><Man>{maker}</Man>\
             <Mod>{model}</Mod><DevID>{}</DevID><DevTyp>phone</DevTyp><DataStore><SourceRef>./contacts</SourceRef><MaxGUIDSize>40\
             </MaxGUIDSize></DataStore></DevInf></Data></Item></Put>",
            self.device
        )
    }

    /// The request of the next message.
    pub fn request(&mut self, commands: &[String]) -> Request {
        self.message += 1;
        self.command = 0;
        let credential = secret::base64(format!("{}:{}", self.login, self.password).as_bytes());
        let (session, message, device) = (self.session, self.message, &self.device);
        let body = format!(
            "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>SyncML/1.2</VerProto><SessionID>{session}\
             </SessionID><MsgID>{message}</MsgID><Target><LocURI>https://sync.example{}</LocURI></Target><Source><LocURI>{device}\
             </LocURI></Source><Cred><Meta><Format xmlns='syncml:metinf'>b64</Format><Type xmlns='syncml:metinf'>syncml:auth-basic\
             </Type></Meta><Data>{credential}</Data></Cred></SyncHdr><SyncBody>{}<Final/></SyncBody></SyncML>",
            self.url,
            commands.concat()
        );
        let request = bare("POST", &self.url);
        let request = with(request, "content-type", "application/vnd.syncml+xml");
        Request { body: body.into_bytes(), ..request }
    }

    /// Sends a message of these commands; the answer.
    pub fn send<S: Store>(&mut self, world: &World<S>, commands: &[String]) -> Response {
        let request = self.request(commands);
        let served = world.serve(&Caller::Bearer, request);
        let text = String::from_utf8_lossy(&served.response.body).into_owned();
        if let Some((_, rest)) = text.split_once("<RespURI>https://sync.example")
            && let Some((url, _)) = rest.split_once("</RespURI>")
        {
            self.url = url.to_owned();
        }
        served.response
    }
}
