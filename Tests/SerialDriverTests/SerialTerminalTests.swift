import DeviceModels
import Foundations
import LinuxABI
import Machine
import Testing

@testable import SerialDriver
@testable import Terminals

/// A serial terminal on a model, open, with its interrupt.
final class SerialSetup {
  typealias UART = UART16550Model

  let device = SerialDevice()
  let driver: SerialTerminal<DeviceModel>
  let interrupt: SerialInterrupt<DeviceModel>
  let terminal: Terminal
  let handle: TerminalHandle

  init(interrupts: Bool = true) throws {
    driver = SerialTerminal(try SerialPort(device.model, pollLimit: 50))
    interrupt = SerialInterrupt(driver)
    terminal = try Terminal(
      driver, major: 4, minor: 64, modes: driver.initialModes, jobControl: TerminalJobControl())
    driver.attach(terminal)
    if interrupts { driver.startInterrupts() }
    handle = try terminal.open(controlling: false)
    try settle()
    device.forgetSent()
  }

  /// Serves interrupts until the device is quiet.
  func settle() throws {
    var count = 0
    while device.isInterrupting {
      #expect(interrupt.handle())
      count += 1
      try #require(count < 1_000)
    }
  }

  func write(_ text: String) throws -> Int {
    let bytes = Array(text.utf8)
    return try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in
      try handle.write(&buffer, nonBlocking: true)
    }
  }

  /// What can be read now.
  func read(_ count: Int = 4096) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    let moved = try? IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in
      try handle.read(&buffer, nonBlocking: true)
    }
    return Array(bytes[..<(moved ?? 0)])
  }

  func set(_ change: (inout Termios) -> Void) {
    var modes = terminal.modes
    change(&modes)
    terminal.setModes(modes)
  }

  /// Lines off, echo off, as programs that read keys do.
  func setRaw() {
    set { modes in
      modes.local = []
      modes.input = []
      modes.output = []
    }
  }

  var sentText: String { String(decoding: device.sent, as: UTF8.self) }
}

@Suite("SerialTerminal")
struct SerialTerminalTests {
  typealias UART = UART16550Model

  @Test("Output is sent by interrupts, in order, and the device is quiet afterwards")
  func output() throws {
    let setup = try SerialSetup()
    setup.setRaw()
    let text = String((0..<3_000).map { Character(Unicode.Scalar(UInt8(0x20 + $0 % 90))) })
    #expect(try setup.write(text) == 3_000)
    #expect(setup.device.sent.count < 3_000, "the rest is the interrupt's")
    try setup.settle()
    #expect(setup.sentText == text)
    #expect(setup.device.model[UART.InterruptEnable.transmitterEmpty] == 0)
    #expect(setup.device.model.violations == [])
  }

  @Test("A transmitter that is full is left alone until it interrupts")
  func slowTransmitter() throws {
    let setup = try SerialSetup()
    setup.setRaw()
    setup.device.transmitLimit = 16
    #expect(try setup.write(String(repeating: "x", count: 40)) == 40)
    try setup.settle()
    #expect(setup.device.sent.count == 16 && setup.driver.unsentCount > 0)
    setup.device.goOn()
    try setup.settle()
    #expect(setup.device.sent.count == 40 && setup.driver.unsentCount == 0)
  }

  @Test("What is typed is echoed and read as a line")
  func echo() throws {
    let setup = try SerialSetup()
    setup.device.feed(Array("lx\u{7f}s\r".utf8))
    try setup.settle()
    #expect(setup.sentText == "lx\u{8} \u{8}s\r\n")
    #expect(setup.read() == Array("ls\n".utf8))
  }

  @Test("A paste of any length loses nothing, however late it is read", arguments: [4_096, 100_000])
  func paste(count: Int) throws {
    let setup = try SerialSetup()
    setup.setRaw()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    setup.device.feed(bytes)
    try setup.settle()
    #expect(setup.device.isHoldingBack == (count > 20_000), "the other side waits for the reader")
    var found: [UInt8] = []
    while found.count < count {
      let piece = setup.read(999)
      try #require(!piece.isEmpty)
      found += piece
      try setup.settle()
    }
    #expect(found == bytes)
    #expect(setup.device.overruns == 0 && setup.terminal.lostCount == 0)
  }

  @Test("The kernel's text begins a line of its own, and what arrives meanwhile is kept")
  func kernelText() throws {
    let setup = try SerialSetup()
    #expect(try setup.write("$ ") == 2)
    try setup.settle()
    setup.device.feed(Array(String(repeating: "k", count: 100).utf8))
    let text: Message = "[1] cpu: hot, and this text is longer than the transmitter takes at once, several times over\n"
    setup.driver.write(text.bytes)
    #expect(setup.sentText.hasPrefix("$ \r\n[1] cpu: hot"))
    #expect(setup.device.isInterrupting, "somebody must fetch what was kept")
    try setup.settle()
    setup.device.feed([0x0d])
    try setup.settle()
    #expect(setup.read() == Array((String(repeating: "k", count: 100) + "\n").utf8))
    setup.device.forgetSent()
    setup.driver.write(text.bytes)
    #expect(setup.sentText.hasPrefix("[1] cpu"), "the line was ended")
  }

  @Test("A report gets through unless somebody holds the port")
  func report() throws {
    let setup = try SerialSetup()
    let text: Message = "fault\n"
    let isWritten = setup.driver.write(text.bytes, attempts: 10)
    #expect(isWritten)
    #expect(setup.sentText == "fault\r\n")
  }

  @Test("Breaks and damaged characters come with what happened to them")
  func errors() throws {
    let setup = try SerialSetup()
    setup.set { modes in
      modes.local = []
      modes.input = [.PARMRK, .INPCK]
    }
    setup.device.arrive(0x41, errors: 1 << 2)
    setup.device.arrive(0x42, errors: 1 << 3)
    setup.device.arrive(0, errors: 1 << 4)
    setup.device.arrive(0x43)
    try setup.settle()
    #expect(setup.read() == [0xff, 0, 0x41, 0xff, 0, 0x42, 0xff, 0, 0, 0x43])
  }

  @Test("Input of before the terminal is opened, and with the receiver off, is thrown away")
  func unwanted() throws {
    let setup = try SerialSetup()
    setup.set { $0.control.remove(.CREAD) }
    setup.device.feed(Array("no\r".utf8))
    try setup.settle()
    setup.set { $0.control.insert(.CREAD) }
    #expect(setup.read().isEmpty && setup.device.sent.isEmpty)
    setup.driver.close()
    setup.device.feed(Array("no\r".utf8))
    try setup.settle()
    try setup.driver.open()
    #expect(setup.read().isEmpty && setup.device.sent.isEmpty)
  }

  @Test("Modes become divisor and format")
  func modes() throws {
    let setup = try SerialSetup()
    let model = setup.device.model
    setup.set { modes in
      modes.setSpeed(9_600)
      modes.control.subtract(.CSIZE)
      // CS7.
      modes.control.formUnion([ControlFlags(rawValue: 0o40), .PARENB, .CSTOPB])
    }
    #expect(model[UART.divisorLow] == 12 && model[UART.divisorHigh] == 0)
    #expect(model[UART.lineControl] == 0b0001_1110)
    setup.set { $0.control.formUnion([.CS8, .PARODD]) }
    #expect(model[UART.lineControl] == 0b0000_1111)
    setup.set { $0.setSpeed(50) }
    #expect(model[UART.divisorLow] == 0 && model[UART.divisorHigh] == 9)
    // What is not a divisor's stays as it was, and the program sees that.
    for speed in [1_000_000, 80_000, 1] as [UInt32] {
      setup.set { $0.setSpeed(speed) }
      #expect(setup.terminal.modes.outputSpeed == 50)
      #expect(setup.terminal.modes.control.intersection(.CBAUD).rawValue == 1)
    }
    // 38,462 bits a second are 0.2 % off.
    setup.set { $0.setSpeed(38_462) }
    #expect(model[UART.divisorLow] == 3 && setup.terminal.modes.control.intersection(.CBAUD) == .BOTHER)
    #expect(model.violations == [])
  }

  @Test("A speed of 0 hangs up, and another speed ends that")
  func hangUp() throws {
    let setup = try SerialSetup()
    setup.set { $0.setSpeed(0) }
    #expect(setup.device.model[UART.ModemControl.dataTerminalReady] == 0)
    setup.set { $0.setSpeed(9_600) }
    #expect(setup.device.model[UART.ModemControl.dataTerminalReady] == 1)
    setup.driver.setLines(0, among: 2)
    setup.set { $0.setSpeed(19_200) }
    #expect(setup.device.model[UART.ModemControl.dataTerminalReady] == 0, "a program's own line stays")
  }

  @Test("CTS holds output up, and RTS input, if CRTSCTS says so")
  func flowLines() throws {
    let setup = try SerialSetup()
    setup.setRaw()
    setup.set { $0.control.insert(.CRTSCTS) }
    setup.device.setClearToSend(false)
    #expect(try setup.write("held") == 4)
    try setup.settle()
    #expect(setup.device.sent.isEmpty)
    setup.device.setClearToSend(true)
    try setup.settle()
    #expect(setup.sentText == "held")
    setup.device.feed([UInt8](repeating: 1, count: 4_096))
    try setup.settle()
    #expect(setup.device.model[UART.ModemControl.requestToSend] == 0)
    _ = setup.read(4_000)
    #expect(setup.device.model[UART.ModemControl.requestToSend] == 1)
  }

  @Test("A break lasts until it is ended")
  func sendBreak() throws {
    let setup = try SerialSetup()
    try setup.driver.setBreak(true)
    #expect(setup.device.model[UART.lineControl] == 0x43)
    try setup.driver.setBreak(false)
    #expect(setup.device.model[UART.lineControl] == 0x03)
  }

  @Test("Without interrupts output waits for the device, and input is asked for")
  func polled() throws {
    let setup = try SerialSetup(interrupts: false)
    let text = String(repeating: "0123456789", count: 200)
    #expect(try setup.write(text) == 2_000)
    #expect(setup.sentText == text)
    setup.device.feed(Array("abc\r".utf8))
    setup.driver.poll()
    #expect(setup.read() == Array("abc\n".utf8))
    #expect(setup.device.model[UART.interruptEnable] == 0)
  }

  // MARK: Faults

  @Test("A device that interrupts without end and without reason is polled from then on")
  func stuckInterrupt() throws {
    let setup = try SerialSetup()
    setup.device.model.stick(UART.InterruptIdentification.isIdle, at: 0)
    let before = setup.device.model.accessCount
    #expect(setup.interrupt.handle())
    #expect(setup.device.model.accessCount - before < 2_000)
    #expect(setup.driver.isPolled && setup.device.model[UART.interruptEnable] == 0)
    #expect(try setup.write("ok") == 2)
    #expect(setup.sentText == "ok")
  }

  @Test("A receiver that always has something is served for a bounded time")
  func stuckReceiver() throws {
    let setup = try SerialSetup()
    setup.setRaw()
    setup.device.model.stick(UART.LineStatus.dataReady, at: 1)
    setup.device.arrive(1)
    _ = setup.interrupt.handle()
    #expect(setup.device.model.accessCount < 100_000)
    #expect(setup.terminal.lostCount == 0)
  }

  @Test("A transmitter that never empties holds output up without being waited for")
  func stuckTransmitter() throws {
    let setup = try SerialSetup()
    setup.device.model.stick(UART.LineStatus.transmitterHoldingEmpty, at: 0)
    let before = setup.device.model.accessCount
    #expect(try setup.write("stuck") == 5)
    #expect(setup.device.model.accessCount - before < 10)
    #expect(setup.device.sent.isEmpty)
  }

  @Test("A device that is gone takes what is written, and interrupts nobody")
  func gone() throws {
    let setup = try SerialSetup()
    setup.device.model.isGone = true
    #expect(!setup.interrupt.handle())
    #expect(try setup.write(String(repeating: "x", count: 4_000)) == 4_000)
    #expect(setup.driver.unsentCount == 0)
    setup.driver.drain()
  }

  @Test("A device that goes away at any access never hangs or traps")
  func vanishesAnywhere() throws {
    for limit in 0..<400 {
      let setup = try SerialSetup()
      let start = setup.device.model.accessCount
      setup.device.model.beforeAccess = { if $0.accessCount - start > limit { $0.isGone = true } }
      setup.device.feed(Array("abc\r".utf8))
      for _ in 0..<20 where setup.device.isInterrupting { _ = setup.interrupt.handle() }
      _ = try setup.write(String(repeating: "y", count: 100))
      for _ in 0..<20 where setup.device.isInterrupting { _ = setup.interrupt.handle() }
      setup.set { $0.setSpeed(9_600) }
      _ = setup.driver.unsentCount
    }
  }
}
