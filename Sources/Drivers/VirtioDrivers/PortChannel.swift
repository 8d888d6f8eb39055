import Foundations
import Machine
import Virtio

/// What a driver knows of one port: how far the host has been told who listens, and what it has not taken.
final class PortChannel {
  let number: Int
  private let server: PortServer
  /// The terminal, if it is a console.
  var terminal: ConsoleServer?
  /// What the host was told last.
  private var isToldOpen = false
  /// What the terminal has given and the device has not taken.
  private var unsent: ByteQueue

  /// How often what was held is looked at before others get their turn.
  private static let turns = 16
  /// As much as is moved at once.
  private static let piece = 256

  /// - Throws: `ENOMEM`.
  init(_ server: PortServer, _ terminal: ConsoleServer?) throws(Errno) {
    number = server.number
    (self.server, self.terminal) = (server, terminal)
    unsent = try ByteQueue(limit: Self.piece)
  }

  /// Does what is to be done: tells the host who listens, sends what waits, goes on with what was held.
  ///
  /// - Throws: what ends the driver.
  func serve(_ console: VirtioConsole) throws(VirtioError) {
    if let terminal {
      terminal.line.noteServed()
      return try sendTerminal(terminal, console)
    }
    server.noteServed()
    let wantsOpen = server.isOpen
    if wantsOpen { try tell(true, console) }
    let isEmpty = try sendPort(console)
    // What was written before it was closed goes first.
    if !wantsOpen, isEmpty { try tell(false, console) }
    for _ in 0..<Self.turns where try !console.resume(number) { return }
    // There is more, and no interrupt will say so.
    Containment.outside { server.ask() }
  }

  private func tell(_ isOpen: Bool, _ console: VirtioConsole) throws(VirtioError) {
    guard isToldOpen != isOpen else { return }
    do throws(VirtioError) { try console.setOpen(isOpen, port: number) } catch {
      // The port has gone meanwhile, or comes back and is told then.
      guard error == .stopped else { throw error }
      return
    }
    isToldOpen = isOpen
  }

  /// - Returns: whether nothing waits any more.
  private func sendPort(_ console: VirtioConsole) throws(VirtioError) -> Bool {
    while true {
      var bytes = InlineArray<256, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      let found = min(Containment.outside { server.output(into: &span) }, Self.piece)
      guard found > 0 else { return true }
      let sent: Int
      do throws(VirtioError) { sent = try console.write(bytes.span.extracting(0..<found), to: number) } catch {
        // Nobody listens at the host: what was written is lost, as the host's side would do with it.
        guard error == .stopped else { throw error }
        Containment.outside { server.noteSent(found) }
        continue
      }
      guard sent > 0 else { return false }
      Containment.outside { server.noteSent(sent) }
    }
  }

  private func sendTerminal(_ terminal: ConsoleServer, _ console: VirtioConsole) throws(VirtioError) {
    while true {
      var bytes = InlineArray<256, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      var found = unsent.peek(into: &span)
      if found == 0 {
        let taken = min(Containment.outside { terminal.takeOutput(into: &span) }, Self.piece)
        guard taken > 0 else { return }
        found = unsent.append(bytes.span.extracting(0..<taken))
      }
      let sent: Int
      do throws(VirtioError) { sent = try console.write(bytes.span.extracting(0..<found), to: number) } catch {
        // Nobody listens at the host: what is written is lost, as on a line without a plug.
        guard error == .stopped else { throw error }
        unsent.removeAll()
        continue
      }
      guard sent > 0 else { return }
      unsent.removeFirst(sent)
    }
  }
}
