import Foundation
import Foundations
import LinuxABI
import Machine
import Synchronization
import Testing
import Waiting

@testable import Terminals

/// A device that keeps what it is to send, or leaves it.
final class TestDevice: TerminalDevice {
  var sentBytes: [UInt8] = []
  var isBusy = false
  var throttles: [Bool] = []
  var breaks: [Bool] = []
  var opens = 0
  var closes = 0

  var sent: String { String(decoding: sentBytes, as: UTF8.self) }

  override func startOutput(_ terminal: Terminal) {
    guard !isBusy else { return }
    var piece = InlineArray<7, UInt8>(repeating: 0)
    while true {
      var bytes = piece.mutableSpan
      let count = terminal.takeOutput(into: &bytes)
      guard count > 0 else { return }
      for index in 0..<count { sentBytes.append(piece[index]) }
    }
  }

  var taken = 0
  override var unsentCount: Int { taken }
  var forgets = false
  override var forgetsModes: Bool { forgets }

  override func setThrottled(_ isThrottled: Bool) { throttles.append(isThrottled) }
  override func setBreak(_ isOn: Bool) throws(Errno) { breaks.append(isOn) }
  override func open() throws(Errno) { opens += 1 }
  override func close() { closes += 1 }
}

/// Waits on a thread until a terminal's output is sent.
private final class Draining: Sendable {
  private let handle: SpinLock<TerminalHandle?>
  private let done = Atomic<Bool>(false)

  init(_ handle: TerminalHandle) { self.handle = SpinLock(handle) }

  var isDone: Bool { done.load(ordering: .acquiring) }

  func run() {
    let waiting = handle.withLock { $0 }
    _ = try? waiting?.control(TerminalRequest.TCSBRK.rawValue, 1)
    done.store(true, ordering: .releasing)
  }
}

@Suite("Terminals of devices")
struct DeviceTests {
  private let device = TestDevice()
  private let jobs = TestJobControl()

  private func open() throws -> TerminalHandle {
    try Terminal(device, major: 4, minor: 64, jobControl: jobs).open(controlling: false)
  }

  private func type(_ text: String, _ handle: TerminalHandle) {
    for byte in text.utf8 { handle.terminal.receive(byte) }
  }

  @Test("What is typed is echoed to the device, and output reaches it in order")
  func echo() throws {
    let handle = try open()
    type("abc\u{7f}\r", handle)
    #expect(device.sent == "abc\u{8} \u{8}\r\n")
    #expect(try handle.readText() == "ab\n")
    try handle.write("done\n")
    #expect(device.sent.hasSuffix("\r\ndone\r\n"))
  }

  @Test("A device that is busy gets what waits when it asks, with the echo that had no room")
  func busy() throws {
    let handle = try open()
    device.isBusy = true
    let output = [UInt8](repeating: 0x2e, count: 10_000)
    let accepted = try handle.write(output)
    #expect(accepted >= 4_000 && accepted <= 4_096)
    type("echoed\n", handle)
    #expect(!handle.poll().contains(.output))
    device.isBusy = false
    device.startOutput(handle.terminal)
    #expect(handle.poll().contains(.output))
    #expect(device.sentBytes.count == accepted + 8 && device.sent.hasSuffix("echoed\r\n"))
  }

  @Test("STOP holds output up until START, and a program's TCOOFF until its TCOON")
  func flow() throws {
    let handle = try open()
    type("\u{13}", handle)
    try handle.write("held")
    #expect(device.sent == "")
    type("\u{11}", handle)
    #expect(device.sent == "held")
    _ = try handle.control(TerminalRequest.TCXONC.rawValue, 0)
    try handle.write(" up")
    type("\u{11}", handle)
    #expect(device.sent == "held")
    _ = try handle.control(TerminalRequest.TCXONC.rawValue, 1)
    #expect(device.sent == "held up")
  }

  @Test("A full queue asks the sender to stop, by STOP with IXOFF, and to go on when it was read")
  func throttle() throws {
    let handle = try open()
    var modes = handle.terminal.modes
    modes.local = []
    modes.input = [.IXOFF]
    handle.terminal.setModes(modes)
    for _ in 0..<3_900 { handle.terminal.receive(0x78) }
    #expect(device.throttles.isEmpty && device.sentBytes.isEmpty)
    for _ in 0..<100 { handle.terminal.receive(0x78) }
    #expect(device.throttles == [true] && device.sentBytes == [0x13])
    #expect(try handle.read(3_000).count == 3_000)
    #expect(device.throttles == [true])
    #expect(try handle.read(950).count == 950)
    #expect(device.throttles == [true, false] && device.sentBytes == [0x13, 0x11])
  }

  @Test("Input that nobody reads waits, and then is lost and counted")
  func lost() throws {
    let handle = try open()
    var modes = handle.terminal.modes
    modes.local = []
    modes.input = []
    handle.terminal.setModes(modes)
    for number in 0..<20_000 { handle.terminal.receive(UInt8(truncatingIfNeeded: number)) }
    let kept = 4_095 + 8_192
    #expect(handle.terminal.lostCount == UInt64(20_000 - kept))
    var read: [UInt8] = []
    while let piece = try? handle.read(1_000) { read += piece }
    #expect(read == (0..<kept).map { UInt8(truncatingIfNeeded: $0) })
  }

  @Test("TCSBRK sends a break once output is sent")
  func sendsBreak() throws {
    let handle = try open()
    _ = try handle.control(TerminalRequest.TCSBRK.rawValue, 1)
    #expect(device.breaks == [])
    _ = try handle.control(TerminalRequest.TCSBRKP.rawValue, 1)
    #expect(device.breaks == [true, false])
    _ = try handle.control(TerminalRequest.TIOCSBRK.rawValue, 0)
    _ = try handle.control(TerminalRequest.TIOCCBRK.rawValue, 0)
    #expect(device.breaks == [true, false, true, false])
  }

  @Test("tcdrain waits for what the device took and has not sent")
  func drain() throws {
    let handle = try open()
    try handle.write("x")
    _ = try handle.control(TerminalRequest.TCSBRK.rawValue, 1)
    device.isBusy = true
    try handle.write("y")
    let draining = Draining(handle)
    let thread = Thread { draining.run() }
    thread.start()
    usleep(20_000)
    #expect(!draining.isDone)
    device.taken = 1
    device.isBusy = false
    device.startOutput(handle.terminal)
    usleep(20_000)
    #expect(!draining.isDone)
    device.taken = 0
    while !draining.isDone { usleep(1_000) }
    #expect(device.sent == "xy")
  }

  @Test("A hang-up keeps a serial port's modes, brings a screen's back, and lets the sender go on")
  func hangUpModes() throws {
    for forgets in [false, true] {
      device.forgets = forgets
      device.throttles = []
      let handle = try open()
      var modes = handle.terminal.modes
      modes.local = []
      modes.input = []
      handle.terminal.setModes(modes)
      for _ in 0..<4_050 { handle.terminal.receive(1) }
      handle.terminal.hangUp()
      #expect(handle.terminal.modes == (forgets ? Termios() : modes))
      #expect(device.throttles == [true, false])
    }
    #expect(device.opens == 2 && device.closes == 2)
  }

  @Test("The last close gives the terminal up for its session, and sends what was held up")
  func closingControl() throws {
    jobs.lead(10)
    let terminal = try Terminal(device, major: 4, minor: 64, jobControl: jobs)
    var handle: TerminalHandle? = try terminal.open(controlling: true)
    terminal.receive(0x13)
    try handle?.write("held")
    jobs.events = []
    handle = nil
    #expect(jobs.events == [.dropped(session: 10)] && terminal.session == 0)
    #expect(device.sent == "held")
  }

  @Test("The last close is told to the device, and forgets what was typed")
  func closing() throws {
    let terminal = try Terminal(device, major: 4, minor: 64, jobControl: jobs)
    var first: TerminalHandle? = try terminal.open(controlling: false)
    var second: TerminalHandle? = try terminal.open(controlling: false)
    terminal.receive(0x0a)
    first = nil
    #expect(device.opens == 1 && device.closes == 0)
    second = nil
    #expect(device.closes == 1)
    first = try terminal.open(controlling: false)
    #expect(throws: Errno.EAGAIN) { try first?.read(1) }
    withExtendedLifetime((first, second)) {}
  }
}
