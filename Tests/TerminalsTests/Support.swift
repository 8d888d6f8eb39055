import Foundations
import LinuxABI
import Machine
import Terminals

/// Processes as a test wants them.
final class TestJobControl: TerminalJobControl {
  /// What terminals were told, in order.
  enum Event: Equatable {
    case signal(Signal, group: Int32)
    case controls
    case dropped(session: Int32)
    case left
    case hungUp(session: Int32, foreground: Int32)
  }

  var events: [Event] = []
  var process = TerminalCaller(session: 0, group: 0, isSessionLeader: false, terminal: nil)
  var ignored: [Signal] = []
  var isOrphaned = false
  var isPrivileged = false
  var sessions: [Int32: Int32] = [:]

  override var caller: TerminalCaller { process }
  override func ignoresOrBlocks(_ signal: Signal) -> Bool { ignored.contains(signal) }
  override var isCallerOrphaned: Bool { isOrphaned }
  override var isCallerPrivileged: Bool { isPrivileged }
  override func signal(_ signal: Signal, group: Int32, session: Int32) {
    events.append(.signal(signal, group: group))
  }
  override func session(ofGroup group: Int32) -> Int32? { sessions[group] }
  override func setControllingTerminal(_ terminal: Terminal) {
    process.terminal = terminal
    events.append(.controls)
  }
  override func leave(_ terminal: Terminal) {
    process.terminal = nil
    events.append(.left)
  }
  override func dropControllingTerminal(_ terminal: Terminal, session: Int32) {
    if process.session == session { process.terminal = nil }
    events.append(.dropped(session: session))
  }
  override func hangUp(_ terminal: Terminal, session: Int32, foreground: Int32) {
    if process.session == session { process.terminal = nil }
    events.append(.hungUp(session: session, foreground: foreground))
  }
  override var nanoseconds: UInt64 { HostThread.nanoseconds }

  /// Becomes a leader of `session` without a terminal, in a group of the same number.
  func lead(_ session: Int32) {
    process = TerminalCaller(session: session, group: session, isSessionLeader: true, terminal: nil)
    sessions[session] = session
  }
}

/// What can be read, written and controlled.
protocol TerminalEnd: AnyObject {
  func read(_ buffer: inout IOBuffer, nonBlocking: Bool) throws(Errno) -> Int
  func write(_ buffer: inout IOBuffer, nonBlocking: Bool) throws(Errno) -> Int
  func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int
}

extension TerminalHandle: TerminalEnd {}
extension PseudoTerminalMaster: TerminalEnd {}

extension TerminalEnd {
  func read(_ count: Int, nonBlocking: Bool = true) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    let done = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in
      try read(&buffer, nonBlocking: nonBlocking)
    }
    return Array(bytes[..<done])
  }

  func write(_ bytes: [UInt8], nonBlocking: Bool = true) throws(Errno) -> Int {
    try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in
      try write(&buffer, nonBlocking: nonBlocking)
    }
  }

  func write(_ text: String) throws(Errno) { _ = try write(Array(text.utf8)) }

  func readText(_ count: Int = 4096) throws(Errno) -> String {
    String(decoding: try read(count), as: UTF8.self)
  }
}

/// A pseudo terminal with both ends open.
struct Pair {
  let jobs = TestJobControl()
  let registry: PseudoTerminals
  let master: PseudoTerminalMaster
  var slave: TerminalHandle
  var terminal: Terminal { master.terminal }

  init(controlling: Bool = false) throws(Errno) {
    registry = PseudoTerminals(jobControl: jobs)
    if controlling { jobs.lead(10) }
    master = try registry.openMaster()
    master.unlock()
    slave = try master.openSlave(controlling: controlling)
  }

  func set(_ change: (inout Termios) -> Void) {
    var modes = terminal.modes
    change(&modes)
    terminal.setModes(modes)
  }
}
