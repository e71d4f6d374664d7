"""The words every protocol shares: quorums, digests, signatures, inputs, effects and events.

A protocol is a class with `step(now, input)`, which returns effects and events (`replica`, `inputs`, `effects`,
`events`). Whatever runs it is a host, and owes it the following. The simulation (`bft.simulation.host`), the
laboratory's world (`bft.checking.world`) and the asyncio host (`bft.live.host`) are tested against each duty.

1. **One input at a time.** `step` is called with one input of one node; that node's next input comes only when all
   effects of the last one have been carried out. `now` never goes back.
2. **In order.** Effects are carried out in the order of the list. What a replica says to one peer in two steps may
   still arrive in another order: networks reorder.
3. **Persist first.** The entries of one `Persist` are stored together or not at all, and before any message that
   stands after it leaves. `Forget` drops what is stored under its kinds up to its number, and nothing else.
4. **Messages.** A `Broadcast` goes to every node but its sender, a `Send` to the one it names. What arrives is equal
   to what was sent, and comes with its true sender: nobody can speak in another's name.
5. **Timers.** A timer rings once for each time that it was set, `delay_s` later, and is then gone. Setting it anew
   moves it; cancelling it stops it. A name is one timer of one node.
6. **Validators.** A question is answered at most once, to the node that asked, with the view and the request, or the
   view, number and digest, that it asked about. An answer never comes within the step that asked; it may never come.
7. **Crashes.** A node that has crashed hears nothing and its timers and questions are gone. One that comes back is a
   fresh replica, whose first input is `Restart` with exactly what was persisted and not forgotten. (The asyncio host
   lets no node crash: its nodes are in one process and end together.)
8. **Events.** Whatever else is returned is a report: it is shown to those who watch, with its node, in order, and
   changes nothing.

Nothing here knows a clock, a random source or a network.
"""
