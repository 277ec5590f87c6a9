//! What runner and wheel functions work with: the configuration's master, running or not.

use std::sync::Arc;

use halite_core::services::{NoServices, PillarRequest, Refresh, Signal};
use halite_core::{
    Apply, Args, Context, Error, JobState, Map, MinionId, Opts, Outside, Result, Secrets, Services,
    Value,
};
use halite_outside::Internet;
use halite_render::files::Roots;
use halite_states::reactor::Sls;
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};

use crate::client::{self, Client, Job, Patience};
use crate::events::Event;
use crate::keys::KeyStore;
use crate::store::{self, Reader, Write, Writer};
use crate::thorium::Thorium;
use crate::work::PillarMachine;

/// What a function prints on its way goes here.
pub type Print = Box<dyn Fn(&str) + Send + Sync>;

/// Lines about how far an orchestration is go here.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// The master as its runner and wheel functions see it.
pub struct MasterServices {
    opts: Opts,
    jid: String,
    cause: String,
    print: Arc<dyn Fn(&str) + Send + Sync>,
    roots: Arc<Roots>,
    pillar: Arc<PillarMachine>,
    progress: Option<Progress>,
    outside: Internet,
    thorium: Option<Arc<Thorium>>,
    secrets: Secrets,
}

/// Tells others of the steps of an orchestration.
pub(crate) struct Teller {
    opts: Opts,
    progress: Option<Progress>,
}

impl Teller {
    /// A state came to its end: its event, and a line for whoever watches.
    pub(crate) fn state_done(&self, event: &Event, tag: &str, ret: &Map, total: usize) {
        drop(client::fire(&self.opts, event));
        let Some(progress) = &self.progress else { return };
        let word = match ret.get("result") {
            Some(Value::Bool(true)) => "ok",
            Some(Value::Null) | None => "would change",
            Some(_) => "FAILED",
        };
        let number = ret.get("__run_num__").and_then(Value::as_i64).unwrap_or(0) + 1;
        let seconds = ret.get("duration").and_then(Value::as_f64).unwrap_or(0.0) / 1000.0;
        let mut parts = tag.split("_|-");
        let (module, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let fun = parts.nth(1).unwrap_or_default();
        progress(&format!("[{number}/{total}] {id} ({module}.{fun}): {word}, {seconds:.1} s"));
    }
}

impl MasterServices {
    /// Services for one run, whose progress events carry `jid`.
    pub fn new(opts: &Opts, jid: &str, print: Print) -> MasterServices {
        let roots = Arc::new(Roots::files(opts));
        let pillar = Arc::new(PillarMachine::new(opts, Arc::clone(&roots)));
        let (opts, jid, print) = (opts.clone(), jid.into(), Arc::from(print));
        let (cause, outside, secrets) = (String::new(), Internet::new(), Secrets::of(&opts));
        MasterServices {
            opts,
            jid,
            cause,
            print,
            roots,
            pillar,
            progress: None,
            outside,
            thorium: None,
            secrets,
        }
    }

    /// The same, which also tells of the steps of orchestrations.
    #[must_use]
    pub(crate) fn with_progress(mut self, progress: Option<Progress>) -> MasterServices {
        self.progress = progress;
        self
    }

    /// Where lines about progress go, if they go anywhere.
    pub(crate) fn progress_lines(&self) -> Option<Progress> {
        self.progress.clone()
    }

    /// What outlives a call of this: to tell others of steps.
    pub(crate) fn teller(&self) -> Teller {
        Teller { opts: self.opts.clone(), progress: self.progress.clone() }
    }

    /// The same for a run that the reactor began: its events carry `cause`.
    pub(crate) fn caused_by(mut self, cause: &str) -> MasterServices {
        cause.clone_into(&mut self.cause);
        self
    }

    /// Services for another run of the same master.
    pub(crate) fn sharing(&self, jid: &str, cause: &str) -> MasterServices {
        MasterServices {
            opts: self.opts.clone(),
            jid: jid.into(),
            cause: cause.into(),
            print: Arc::new(|line: &str| tracing::info!("{line}")),
            roots: Arc::clone(&self.roots),
            pillar: Arc::clone(&self.pillar),
            progress: None,
            outside: Internet::new(),
            thorium: None,
            secrets: Secrets::of(&self.opts),
        }
    }

    /// The same around the states of Thorium.
    pub(crate) fn with_thorium(mut self, thorium: Arc<Thorium>) -> MasterServices {
        self.thorium = Some(thorium);
        self
    }

    /// What the states of Thorium share, if one of them asks.
    pub(crate) fn thorium(&self) -> Option<&Arc<Thorium>> {
        self.thorium.as_ref()
    }

    /// What the SLS files of a reactor rule come to for an event.
    pub fn reactor_sls(&self, files: &[String], tag: &str, data: &Value) -> Sls {
        self.pillar.reactor_sls(files, tag, data, self)
    }

    /// Those of a function's context.
    ///
    /// # Errors
    /// If the function is not called as a runner or wheel function.
    pub fn of<'a>(cx: &Context<'a>) -> Result<&'a MasterServices> {
        let services: &'a dyn Services = cx.services;
        services
            .as_any()
            .and_then(|any| any.downcast_ref())
            .ok_or_else(|| Error::execution("this function needs a master around it"))
    }

    /// The pki folder.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn keys(&self) -> Result<KeyStore> {
        KeyStore::open(&self.opts)
    }

    /// The store, for reading.
    ///
    /// # Errors
    /// If no master made one yet.
    pub fn store(&self) -> Result<Reader> {
        Reader::open(&self.opts)
    }

    /// The file roots.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// Compiles the pillar of `id` anew.
    pub fn pillar_of(&self, id: &MinionId, grains: Map, request: &PillarRequest) -> Map {
        self.pillar.compile(id, &Arc::new(grains), request, &Map::new(), &self.secrets)
    }

    /// Which pillar files `id` gets, by environment; the faults of the top files if there are any.
    pub fn pillar_top(&self, id: &MinionId, grains: Map, request: &PillarRequest) -> Value {
        self.pillar.top(id, &Arc::new(grains), request)
    }

    /// Calls an execution function on this machine, as `salt-run salt.cmd` does.
    ///
    /// # Errors
    /// If there is no such function, and what it raises.
    pub fn call_here(&self, cx: &Context<'_>, fun: &str, args: Args) -> Result<Value> {
        self.call_as(cx.job, fun, args)
    }

    /// The same as a part of a job.
    ///
    /// # Errors
    /// If there is no such function, and what it raises.
    pub(crate) fn call_as(&self, job: &JobState, fun: &str, args: Args) -> Result<Value> {
        self.pillar.call(fun, args, self, job)
    }

    /// Gives `body` the functions and states of the master's own machine, with these options and this pillar.
    pub(crate) fn on_master<R>(
        &self,
        opts: &Opts,
        pillar: &Arc<Map>,
        job: &JobState,
        body: impl FnOnce(&Apply<'_>) -> R,
    ) -> R {
        self.pillar.apply(opts, pillar, (self, job), body)
    }

    /// A client of the running master.
    ///
    /// # Errors
    /// If its sockets' runtime cannot be made.
    pub fn client(&self) -> Result<Client> {
        Client::new(&self.opts)
    }

    /// Publishes a job and waits: who returned with the data of the event, and who did not.
    ///
    /// # Errors
    /// If the master cannot be reached or refuses.
    pub fn run_job(
        &self,
        job: &Job,
        patience: Option<Patience>,
    ) -> Result<(Vec<(String, Map)>, Vec<String>)> {
        let patience = patience.unwrap_or_else(|| Patience::of(&self.opts));
        let mut returns = Vec::new();
        let (_, silent) = self
            .client()?
            .run(job, patience, |id, data| returns.push((id.to_owned(), data.clone())))?;
        returns.sort_by(|a, b| a.0.cmp(&b.0));
        Ok((returns, silent))
    }

    /// Prints a line, where the program has a place for it.
    pub fn print(&self, line: &str) {
        (self.print)(line);
    }

    /// A way to print for functions that this one runs.
    pub(crate) fn printer(&self) -> Print {
        let print = Arc::clone(&self.print);
        Box::new(move |line| print(line))
    }

    /// Writes into the store from this process, beside the running master.
    ///
    /// # Errors
    /// If the store cannot be opened or written.
    pub(crate) fn write(&self, writes: Vec<Write>) -> Result<()> {
        let (writer, thread) = Writer::start(&store::path(&self.opts))?;
        for write in writes {
            writer.write(write).map_err(|_| Error::execution("the store takes no more writes"))?;
        }
        writer.flush()?;
        writer.stop();
        thread.join().map_err(|_| Error::execution("the store's thread broke down"))
    }

    /// Fires an event if a master runs.
    pub(crate) fn tell(&self, event: &Event) {
        drop(client::fire(&self.opts, event));
    }

    /// The id of this run.
    pub(crate) fn jid(&self) -> &str {
        &self.jid
    }

    /// Tells whoever waits for this run how far it is.
    pub fn progress(&self, data: Map) {
        let tag = format!("salt/run/{}/progress", self.jid);
        // Without a running master nobody listens.
        drop(client::fire(&self.opts, &Event::new(tag, data)));
    }
}

impl Services for MasterServices {
    fn pack(&self, value: &Value) -> Result<Vec<u8>> {
        Ok(msgpack::encode(value, Dialect::Bus))
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Value> {
        msgpack::decode(bytes, Dialect::Bus, &Limits::ACCEPTED)
            .map_err(|why| Error::execution(why.to_string()))
    }

    fn fire(&self, tag: &str, data: Map) -> Result<bool> {
        let (tag, data) = (self.secrets.hide_text(tag), self.secrets.hide_map(data));
        Client::new(&self.opts)?.fire_caused(&Event::new(&*tag, data), &self.cause)?;
        Ok(true)
    }

    fn fire_master(&self, tag: &str, data: Map) -> Result<()> {
        self.fire(tag, data).map(drop)
    }

    fn compile_pillar(&self, request: &PillarRequest) -> Result<Arc<Map>> {
        self.pillar.own_pillar(request, &self.secrets).map(Arc::new)
    }

    fn secrets(&self) -> Secrets {
        self.secrets.clone()
    }

    fn ask_master(&self, cmd: &str, load: Map) -> Result<Value> {
        NoServices.ask_master(cmd, load)
    }

    fn running_jobs(&self) -> Result<Vec<Map>> {
        NoServices.running_jobs()
    }

    fn signal_job(&self, jid: &str, signal: Signal) -> Result<Value> {
        NoServices.signal_job(jid, signal)
    }

    fn refresh(&self, what: Refresh) -> Result<bool> {
        NoServices.refresh(what)
    }

    fn fresh_grains(&self) -> Result<Arc<Map>> {
        NoServices.fresh_grains()
    }

    fn outside(&self) -> &dyn Outside {
        &self.outside
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}
