import DeviceModels
import Foundation
import Foundations
import LinuxABI
import Machine
import Testing

@testable import SerialDriver
@testable import Terminals

@Suite("What programs ask of serial ports")
struct SerialControlTests {
  typealias UART = UART16550Model

  // MARK: Counts

  @Test("What arrived, what was sent and what was wrong is counted")
  func counts() throws {
    let setup = try SerialSetup()
    setup.setRaw()
    let before = setup.driver.counts
    setup.device.arrive(0x41)
    setup.device.arrive(0x42, errors: 1 << 2)
    setup.device.arrive(0x43, errors: 1 << 3)
    setup.device.arrive(0, errors: 1 << 4)
    try setup.settle()
    #expect(try setup.write("xyz") == 3)
    try setup.settle()
    var counts = setup.driver.counts
    #expect(counts.received == before.received + 4 && counts.sent == before.sent + 3)
    #expect(counts.parityErrors == 1 && counts.framingErrors == 1 && counts.breaks == 1 && counts.overruns == 0)
    for byte in UInt8(0)..<17 { setup.device.arrive(byte) }
    try setup.settle()
    counts = setup.driver.counts
    #expect(counts.overruns == 1 && counts.received == before.received + 20)
  }

  @Test("Changes of modem lines are counted once each, whoever reads them first")
  func lineCounts() throws {
    let setup = try SerialSetup()
    let before = setup.driver.counts
    setup.device.setClearToSend(true)
    #expect(setup.driver.counts.clearToSend == before.clearToSend + 1)
    #expect(setup.driver.counts.clearToSend == before.clearToSend + 1)
    setup.device.model[UART.ModemStatus.dataSetReadyChanged] = 1
    setup.device.model[UART.ModemStatus.ringEnded] = 1
    // An interrupt for something else, and TIOCMGET.
    setup.device.feed([0x41])
    try setup.settle()
    setup.device.model[UART.ModemStatus.carrierDetectChanged] = 1
    _ = setup.driver.line.withLock { $0.modemBits() }
    let counts = setup.driver.counts
    #expect(counts.dataSetReady == before.dataSetReady + 1 && counts.ringIndicator == before.ringIndicator + 1)
    #expect(counts.carrierDetect == before.carrierDetect + 1)
    setup.device.model.isGone = true
    #expect(setup.driver.counts == counts, "one that has gone changes nothing")
  }

  // MARK: Waiting

  /// Waits for lines in a thread of its own.
  private final class Waiting: Sendable {
    private let driver: SpinLock<SerialTerminal<DeviceModel>?>
    private let outcome = SpinLock<Result<Void, Errno>?>(nil)

    init(_ setup: SerialSetup, _ bits: UInt32) {
      driver = SpinLock(setup.driver)
      Thread { self.wait(bits) }.start()
      // From then on the thread leaves the device alone.
      while !setup.driver.line.withLock({ $0.isWatched }) { Thread.sleep(forTimeInterval: 0.001) }
    }

    private func wait(_ bits: UInt32) {
      let driver = driver.withLock { $0 }
      do throws(Errno) {
        try driver?.waitForLines(bits)
        outcome.withLock { $0 = .success(()) }
      } catch {
        outcome.withLock { $0 = .failure(error) }
      }
    }

    var isOver: Bool { outcome.withLock { $0 != nil } }

    func end() throws {
      while !isOver { Thread.sleep(forTimeInterval: 0.001) }
      try outcome.withLock { $0 }?.get()
    }
  }

  @Test("Whoever waits for a line hears of its change by an interrupt, and of no other line's", .timeLimit(.minutes(2)))
  func waitForChange() throws {
    let setup = try SerialSetup()
    let waiting = Waiting(setup, ModemBits.clearToSend | ModemBits.carrierDetect)
    #expect(setup.device.model[UART.InterruptEnable.modemStatus] == 1)
    setup.device.model[UART.ModemStatus.ringEnded] = 1
    try setup.settle()
    Thread.sleep(forTimeInterval: 0.02)
    #expect(!waiting.isOver)
    setup.device.setClearToSend(true)
    #expect(setup.device.isInterrupting)
    try setup.settle()
    try waiting.end()
    setup.driver.close()
    #expect(setup.device.model[UART.InterruptEnable.modemStatus] == 0, "nobody wants to know any more")
  }

  @Test("Whoever waits is told when the terminal is hung up", .timeLimit(.minutes(2)))
  func hangUpWhileWaiting() throws {
    let setup = try SerialSetup()
    let waiting = Waiting(setup, ModemBits.ringIndicator)
    setup.terminal.hangUp()
    #expect(throws: Errno.EIO) { try waiting.end() }
  }

  @Test("A port that is asked tells of changes, too", .timeLimit(.minutes(2)))
  func waitPolled() throws {
    let setup = try SerialSetup(interrupts: false)
    let waiting = Waiting(setup, ModemBits.clearToSend)
    setup.device.setClearToSend(true)
    setup.driver.poll()
    try waiting.end()
  }

  // MARK: Lines

  @Test("OUT1 and the loop are set as DTR and RTS are, and OUT2 stays on: it lets interrupts through")
  func outgoingLines() throws {
    let setup = try SerialSetup()
    let model = setup.device.model
    setup.driver.setLines(0, among: .max)
    #expect(model[UART.modemControl] == 0x08)
    setup.driver.setLines(ModemBits.auxiliaryOutput1 | ModemBits.loopback, among: 0)
    #expect(model[UART.modemControl] == 0x1c)
    #expect(setup.driver.line.withLock { $0.modemBits() } & 0xe006 == 0xe000)
    setup.driver.setLines(0, among: ModemBits.loopback)
    #expect(model[UART.modemControl] == 0x0c)
    let text: Message = "the kernel's\n"
    setup.driver.write(text.bytes)
    setup.driver.setLines(ModemBits.loopback, among: 0)
    #expect(model[UART.modemControl] == 0x0c, "the console stays one")
  }

  // MARK: Settings

  private func change(
    _ settings: SerialSettings, _ information: SerialInformation, isPrivileged: Bool,
    _ body: (inout SerialInformation) -> Void
  ) throws(Errno) -> SerialSettings {
    var (settings, new) = (settings, information)
    body(&new)
    try settings.change(to: new, from: information, isPrivileged: isPrivileged)
    return settings
  }

  @Test("A port says what it is")
  func information() throws {
    let setup = try SerialSetup()
    setup.driver.identity = SerialIdentity(address: 0x2f8, interrupt: 3)
    let found = setup.driver.information
    #expect(found.kind == 4 && found.number == 0 && found.address == 0x2f8 && found.interrupt == 3)
    #expect(found.baudBase == 115_200 && found.transmitterSize == 16 && found.customDivisor == 0)
    #expect(found.closeDelay == 50 && found.closingWait == 3_000)
    // What Linux says of COM2.
    #expect(found.flags.rawValue == 0x1000_0040)
    let card = SerialSettings(SerialIdentity(sharesInterrupt: true))
    #expect(card.flags.rawValue == 0x1100_0040)
  }

  @Test("Anybody changes speeds and latency, the superuser what is kept, and nobody what the device is")
  func permissions() throws {
    let setup = try SerialSetup()
    let (settings, old) = (SerialSettings(SerialIdentity()), setup.driver.information)
    let everybody = try change(settings, old, isPrivileged: false) { new in
      new.flags.formUnion([.lowLatency, .highSpeed, .veryHighSpeed])
      new.customDivisor = 7
    }
    #expect(everybody.flags.rawValue == 0x1000_2070 && everybody.customDivisor == 7)
    let changes: [(inout SerialInformation) -> Void] = [
      { $0.closeDelay = 1 }, { $0.closingWait = 65_535 }, { $0.flags.formSymmetricDifference(.skipsTest) },
    ]
    for body in changes {
      #expect(throws: Errno.EPERM) { try change(settings, old, isPrivileged: false, body) }
      #expect(try change(settings, old, isPrivileged: true, body) != settings)
    }
    let devices: [(inout SerialInformation) -> Void] = [
      { $0.kind = 0 }, { $0.address = 0x3f8 }, { $0.interrupt = 9 }, { $0.baudBase = 9_600 },
      { $0.transmitterSize = 1 },
    ]
    for body in devices {
      #expect(throws: Errno.EPERM) { try change(settings, old, isPrivileged: false, body) }
      #expect(throws: Errno.EINVAL) { try change(settings, old, isPrivileged: true, body) }
    }
    // How the port came to be stays whatever is asked.
    let odd = try change(settings, old, isPrivileged: true) { $0.flags = SerialFlags(rawValue: .max) }
    #expect(odd.flags.rawValue == 0x1001_7fff)
  }

  @Test(
    "38,400 bits a second stand for what is said",
    arguments: [
      (SerialFlags.highSpeed.rawValue, 0, 2), (SerialFlags.veryHighSpeed.rawValue, 0, 1), (0x30, 48, 48),
      (0x30, 0, 3), (0x30, -1, 3), (0x30, 100_000, 3), (0x1000, 0, 3), (0x1010, 0, 3), (0, 48, 3),
    ] as [(UInt32, Int32, UInt64)])
  func alias(flags: UInt32, divisor: Int32, expected: UInt64) throws {
    let setup = try SerialSetup()
    setup.set { $0.setSpeed(38_400) }
    #expect(setup.device.model[UART.divisorLow] == 3)
    var settings = SerialSettings(SerialIdentity())
    settings.flags.formUnion(SerialFlags(rawValue: flags))
    settings.customDivisor = divisor
    setup.driver.line.withLock { $0.apply(settings) }
    #expect(setup.device.model[UART.divisorLow] == expected && setup.terminal.modes.outputSpeed == 38_400)
    setup.set { $0.setSpeed(9_600) }
    #expect(setup.device.model[UART.divisorLow] == 12)
    setup.set { $0.setSpeed(38_400) }
    #expect(setup.device.model[UART.divisorLow] == expected)
  }

  @Test("The forms of programs are Linux's, byte by byte")
  func forms() {
    var information = SerialInformation()
    (information.kind, information.number, information.address) = (4, 5, 0x6_0000_02f8)
    (information.interrupt, information.flags, information.transmitterSize) = (3, SerialFlags(rawValue: 0x40), 16)
    (information.customDivisor, information.baudBase) = (9, 115_200)
    (information.closeDelay, information.closingWait) = (50, 3_000)
    var bytes = [UInt8](repeating: 0, count: SerialInformation.userByteCount)
    var span = bytes.mutableSpan
    information.write(toUserBytes: &span)
    #expect(bytes.count == 72)
    #expect(Array(bytes[0..<12]) == [4, 0, 0, 0, 5, 0, 0, 0, 0xf8, 2, 0, 0])
    #expect(Array(bytes[28..<36]) == [0x00, 0xc2, 1, 0, 50, 0, 0, 0])
    #expect(bytes[40] == 0xb8 && bytes[41] == 0x0b && bytes[60] == 6)
    #expect(SerialInformation(userBytes: bytes.span) == information)
    var counts = SerialCounts()
    (counts.clearToSend, counts.received, counts.lost) = (1, 2, 3)
    var form = [UInt8](repeating: 0, count: SerialCounts.userByteCount)
    var formSpan = form.mutableSpan
    counts.write(toUserBytes: &formSpan)
    #expect(form.count == 80 && form[0] == 1 && form[16] == 2 && form[40] == 3)
    #expect(SerialCounts(userBytes: form.span) == counts)
  }

  // MARK: Shared lines

  @Test("Two ports on a line that tells of changes only: when both are quiet, nothing was missed")
  func sharedLine() throws {
    let setups = [try SerialSetup(), try SerialSetup()]
    for setup in setups { setup.setRaw() }
    #expect(setups.allSatisfy { $0.interrupt.canShareEdges })
    // Nobody's cause: both say so, and a port that is asked, too.
    #expect(setups.allSatisfy { !$0.interrupt.handle() })
    let count = setups[1].driver.interruptCount
    setups[1].driver.stopInterrupts()
    setups[1].device.feed([1])
    #expect(!setups[1].interrupt.handle() && setups[1].driver.interruptCount == count)
    setups[1].driver.startInterrupts()
    for setup in setups { setup.device.feed([0x61, 0x62]) }
    #expect(try setups[0].write("out") == 3)
    var passes = 0
    while setups.map({ $0.interrupt.handle() }).contains(true) {
      passes += 1
      try #require(passes < 100)
    }
    #expect(setups.allSatisfy { !$0.device.isInterrupting })
    #expect(setups[0].read() == [0x61, 0x62] && setups[1].read() == [1, 0x61, 0x62] && setups[0].sentText == "out")
  }

  @Test("At rest a port that listens has a cause for what arrives, and is quiet again once that is taken")
  func listening() throws {
    let setup = try SerialSetup()
    setup.setRaw()
    setup.driver.listen()
    #expect(!setup.interrupt.handle())
    setup.device.feed(Array("wake".utf8))
    #expect(setup.device.isInterrupting)
    let before = setup.device.model.accessCount
    #expect(setup.interrupt.handle() && !setup.interrupt.handle())
    #expect(setup.device.model.accessCount - before < 50)
    #expect(!setup.device.isInterrupting && setup.driver.isPolled && setup.read() == Array("wake".utf8))
  }
}
