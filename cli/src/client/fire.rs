//! Writing into the master's event bus.

use halite_core::{Error, Map, Opts, Result};
use halite_net::ipc::EventSink;
use halite_wire::frame::{event_body, pub_frame};

use crate::stamp;

/// A way into the bus of the master on this host.
pub(crate) struct Voice(EventSink);

impl Voice {
    /// Connects.
    ///
    /// # Errors
    /// If no master runs here, or this user may not write into its bus.
    pub(crate) async fn connect(opts: &Opts) -> Result<Voice> {
        let path = opts.path("sock_dir").join("master_event_pull.ipc");
        let sink = EventSink::connect(&path).await;
        sink.map(Voice).map_err(|error| Error::execution(error.to_string()))
    }

    /// Fires one event.
    ///
    /// # Errors
    /// If the bus does not take it.
    pub(crate) async fn fire(&mut self, tag: &str, mut data: Map) -> Result<()> {
        data.insert("_stamp".into(), stamp::now().into());
        let frame = pub_frame(&event_body(tag, &data));
        self.0.send(&frame).await.map_err(|error| Error::execution(error.to_string()))
    }
}
