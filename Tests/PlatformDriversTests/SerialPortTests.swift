import DeviceModels
import Foundations
import LinuxABI
import Machine
import SerialDriver
import Testing
import VFS

@testable import DeviceFiles
@testable import DriverKit
@testable import PlatformDrivers
@testable import Terminals

@Suite("The machine's own serial ports", .serialized)
struct SerialPortTests {
  private typealias UART = UART16550Model

  fileprivate static let interruptNumber: UInt32 = 3
  private static let getLines: UInt32 = 0x5415
  private static let setLines: UInt32 = 0x5418

  private func ports(_ first: UInt64, count: UInt64 = 8, line: UInt32? = nil) -> PlatformResources {
    var resources = PlatformResources()
    if let ports = PlatformResources.Ports(first: first, count: count) { resources.append(ports) }
    if let line { resources.append(PlatformResources.Interrupt(number: line, isISA: true)) }
    return resources
  }

  /// A port with an interrupt line, and its file.
  private final class Line {
    let device = SerialDevice()
    let card: SerialCard<DeviceModel>
    let server: SerialServer<DeviceModel>
    let publication: DeviceFilePublication

    init(_ world: World, _ address: UInt16 = 0x2f8, interrupts: Bool = true) throws {
      card = SerialCard(SharedRegisters(device.model))
      try card.findPorts(
        1, DriverLink(makeDevice()), TerminalJobControl(),
        SerialIdentity(address: address, interrupt: SerialPortTests.interruptNumber))
      server = try #require(card.server(0))
      publication = try world.publish(server, SerialNumbers.template(from: SerialNumbers.number(at: address)))
      if interrupts {
        card.startInterrupts()
        try settle()
      }
      device.forgetSent()
    }

    /// Serves interrupts until the port is quiet.
    func settle() throws {
      var count = 0
      while device.isInterrupting {
        card.serveInterrupt()
        count += 1
        try #require(count < 2_000)
      }
    }
  }

  private func open(_ world: World, _ name: String) throws -> OpenFile {
    try world.open(name, [.O_RDWR, .O_NONBLOCK, .O_NOCTTY])
  }

  private func setRaw(_ line: Line, _ change: (inout Termios) -> Void = { _ in }) throws {
    var modes = line.server.port.initialModes
    (modes.local, modes.input, modes.output) = ([], [], [])
    change(&modes)
    try #require(line.server.currentTerminal).setModes(modes)
  }

  // MARK: Which they are

  @Test("Linux's numbers go by the address, and a port at another place has the lowest that is free")
  func numbers() throws {
    #expect(SerialNumbers.number(at: 0x3f8) == 0 && SerialNumbers.number(at: 0x2f8) == 1)
    #expect(SerialNumbers.number(at: 0x3e8) == 2 && SerialNumbers.number(at: 0x2e8) == 3)
    #expect(SerialNumbers.number(at: 0x3220) == nil)
    try World.run { world in
      // In any order.
      let lines = try [0x2e8, 0x3220, 0x2f8, 0x3e8, 0x3228].map { try Line(world, $0) }
      var names: [String] = []
      for line in lines {
        line.publication.forEachEntry { entry in
          let name = entry.name
          let text = String(decoding: (0..<name.count).map { name.bytes[$0] }, as: UTF8.self)
          names.append("\(text) \(entry.number.major):\(entry.number.minor)")
        }
      }
      #expect(names == ["ttyS3 4:67", "ttyS0 4:64", "ttyS1 4:65", "ttyS2 4:66", "ttyS4 4:68"])
      for line in lines { line.publication.withdraw() }
    }
  }

  @Test("Firmware says where a port is: eight I/O ports, and a line if there is one")
  func places() {
    func place(_ resources: PlatformResources) -> SerialPlace? {
      SerialPortDriverType.place(of: firmwareDevice(.pnp, "PNP0501", resources))
    }
    let port = place(ports(0x2f8, line: 3))
    #expect(port?.address == 0x2f8 && port?.line == 3)
    #expect(place(ports(0x3e8))?.line == nil && place(ports(0x3e8))?.address == 0x3e8)
    #expect(place(ports(0x3e8, count: 7)) == nil && place(PlatformResources()) == nil)
    #expect(SerialPortDriverType.place(of: makeDevice()) == nil)
  }

  @Test("The driver takes ports of plug and play, and leaves the console's alone, and one without I/O ports")
  func declined() throws {
    try World.run { world in
      let type = SerialPortDriverType(TerminalJobControl(), consoleAddress: 0x3f8)
      #expect(type.bus == .pnp)
      #expect(type.matches(firmwareDevice(.pnp, "PNP0501", ports(0x3f8))))
      #expect(type.matches(firmwareDevice(.pnp, "PNP0500")) && !type.matches(firmwareDevice(.pnp, "PNP0B00")))
      for resources in [ports(0x3f8, line: 4), PlatformResources()] {
        let device = firmwareDevice(.pnp, "PNP0501", resources)
        func start() throws(Errno) { try type.makeDriver(for: device).start(makeContext(device)) }
        #expect(throws: Errno.ENODEV) { try start() }
      }
      let card = try Line(world, 0x3220)
      card.publication.forEachEntry { #expect($0.index == 1, "ttyS0 is the console's") }
      card.publication.withdraw()
      withExtendedLifetime(type) {}
    }
  }

  @Test("Ports that somebody has are no device's, and no failure")
  func taken() throws {
    guard let space = PortSpace.claim(base: 0x2f8, count: 8) else {
      return _ = Issue.record("another test has the ports")
    }
    let device = firmwareDevice(.pnp, "PNP0501", ports(0x2f8, line: 3))
    func start() throws(Errno) { try SerialPortDriver(TerminalJobControl(), 0x3f8).start(makeContext(device)) }
    #expect(throws: Errno.ENODEV) { try start() }
    _ = consume space
  }

  // MARK: Working

  @Test("A terminal on the line: output and input by interrupts, with the speed that a program sets")
  func line() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      try setRaw(line) { $0.setSpeed(9_600) }
      #expect(line.device.model[UART.divisorLow] == 12)
      let text = String(repeating: "0123456789", count: 100)
      #expect(try file.put(text) == 1_000)
      #expect(line.device.sent.count < 1_000, "the rest is the interrupt's")
      try line.settle()
      #expect(line.device.sent == Array(text.utf8))
      line.device.feed(Array("from the host".utf8))
      try line.settle()
      #expect(try file.get(100) == Array("from the host".utf8))
      #expect(!line.card.isPolled && line.device.model.violations == [])
      line.publication.withdraw()
    }
  }

  @Test("Programs see and set modem lines, and CTS holds output up if they say so")
  func modemLines() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      line.device.model[UART.modemStatus] = 0
      // DTR and RTS, and OUT2, which lets interrupts through.
      #expect(try file.number(Self.getLines) == 0x4006)
      line.device.setClearToSend(true)
      line.device.model[UART.ModemStatus.carrierDetect] = 1
      #expect(try file.number(Self.getLines) == 0x4066)
      try file.set(Self.setLines, 0x002)
      #expect(line.device.model[UART.ModemControl.requestToSend] == 0)
      #expect(try file.number(Self.getLines) == 0x4062)
      try setRaw(line) { $0.control.insert(.CRTSCTS) }
      line.device.setClearToSend(false)
      #expect(try file.put("held") == 4)
      try line.settle()
      #expect(line.device.sent.isEmpty)
      line.device.setClearToSend(true)
      try line.settle()
      #expect(line.device.sent == Array("held".utf8))
      line.publication.withdraw()
    }
  }

  @Test("setserial(8) is told and may set what Linux lets it, and counts are told")
  func settings() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      try setRaw(line) { $0.setSpeed(38_400) }
      #expect(try file.control(0x541e, World.address) == 0)
      var information = try UserPointer<SerialInformation>(World.address).load()
      #expect(information.number == 1 && information.address == 0x2f8 && information.interrupt == 3)
      information.flags.formUnion([.lowLatency, .veryHighSpeed])
      try UserPointer<SerialInformation>(World.address).store(information)
      #expect(try file.control(0x541f, World.address) == 0)
      #expect(line.device.model[UART.divisorLow] == 1)
      information.closeDelay = 0
      try UserPointer<SerialInformation>(World.address).store(information)
      #expect(throws: Errno.EPERM) { try file.control(0x541f, World.address) }
      line.device.feed(Array("abc".utf8))
      try line.settle()
      #expect(try file.control(0x545d, World.address) == 0)
      #expect(try UserPointer<UInt32>(World.address + 16).load() >= 3)
      #expect(try file.number(0x5459) == 1, "the transmitter is empty")
      for request in [0x541e, 0x541f, 0x545d, 0x5459] as [UInt32] {
        #expect(throws: Errno.EFAULT) { try file.control(request, World.nowhere) }
      }
      #expect(throws: Errno.ENOTTY) { try file.control(0x5453, World.address) }
      line.publication.withdraw()
    }
  }

  @Test("What /sys says of a port is what setserial says")
  func attributes() throws {
    try World.run { world in
      let line = try Line(world)
      #expect(line.server.port.information.address == 0x2f8)
      line.card.setInterrupt(11)
      #expect(line.server.port.information.interrupt == 11)
      for (number, text) in [(0, "0"), (0x2f8, "2F8"), (0x1000_0040, "10000040"), (0xff, "FF")] as [(UInt64, String)] {
        var message = Message()
        SerialAttributes.writeUpper(number, to: &message)
        #expect(String(decoding: (0..<message.count).map { message.bytes[$0] }, as: UTF8.self) == text)
      }
      line.publication.withdraw()
    }
  }

  @Test("A port on the board is served in its interrupt, and its driver hears of what it is to ask")
  func boardInterrupt() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      try setRaw(line)
      let signals = DriverSignals()
      let interrupt = BoardPortInterrupt(line.server.port, DriverNotice(signals))
      #expect(interrupt.canShareEdges && !interrupt.handle())
      let count = line.card.interruptCount
      line.device.feed([0x61])
      #expect(interrupt.handle() && !interrupt.handle() && line.card.interruptCount == count + 1)
      #expect(try file.get(10) == [0x61] && signals.takeInterrupt() == nil)
      // What arrives at rest wakes the machine.
      line.card.listen()
      line.device.feed([0x62])
      #expect(interrupt.handle() && signals.takeInterrupt() == 0 && !interrupt.handle())
      try line.card.restart()
      line.card.startInterrupts()
      while interrupt.handle() {}
      // One that never ends is asked from then on.
      line.device.model.stick(UART.InterruptIdentification.isIdle, at: 0)
      #expect(interrupt.handle() && line.card.isPolled && signals.takeInterrupt() == 0)
      line.publication.withdraw()
    }
  }

  @Test("When the port goes, its terminal is hung up and its registers are touched no more")
  func removal() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      line.publication.withdraw()
      line.card.revoke()
      let accesses = line.device.model.accessCount
      #expect(throws: Errno.EIO) { try file.put("b") }
      #expect(file.poll().contains(.hangUp))
      line.card.serveInterrupt()
      line.card.poll()
      #expect(line.device.model.accessCount == accesses && !line.card.isPresent)
    }
  }

  // MARK: Rest

  @Test("At rest a port interrupts for what arrives, if somebody listens, and what has arrived is there afterwards")
  func rest() throws {
    try World.run { world in
      let line = try Line(world)
      line.card.listen()
      line.device.feed([0x41])
      #expect(!line.device.isInterrupting, "nobody has it open")
      try line.card.restart()
      line.card.startInterrupts()
      try line.settle()
      let file = try open(world, "ttyS1")
      try setRaw(line) { $0.setSpeed(9_600) }
      line.card.listen()
      #expect(!line.device.isInterrupting, "room for output wakes nobody")
      line.device.feed(Array("wake".utf8))
      #expect(line.device.isInterrupting)
      line.card.poll()
      try line.card.restart()
      line.card.startInterrupts()
      try line.settle()
      #expect(try file.get(10) == Array("wake".utf8))
      #expect(line.device.model[UART.divisorLow] == 12 && !line.card.isPolled)
      line.card.stopInterrupts()
      line.device.feed([0x42])
      #expect(!line.device.isInterrupting)
      line.publication.withdraw()
    }
  }

  // MARK: Faults

  @Test("Nobody there is no port, and one that goes away later says so")
  func allOnes() throws {
    try World.run { world in
      let device = SerialDevice()
      device.model.isGone = true
      let card = SerialCard(SharedRegisters(device.model))
      #expect(throws: Errno.ENODEV) { try card.findPorts(1, DriverLink(makeDevice()), TerminalJobControl()) }
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      #expect(line.card.isPresent)
      line.device.model.isGone = true
      #expect(!line.card.isPresent)
      #expect(try file.put(String(repeating: "x", count: 100)) == 100)
      line.card.serveInterrupt()
      #expect(throws: Errno.EIO) { try line.card.restart() }
      line.publication.withdraw()
    }
  }

  @Test("A transmitter that never empties holds output up, and nobody waits for it")
  func stuckTransmitter() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      line.device.model.stick(UART.LineStatus.transmitterHoldingEmpty, at: 0)
      let before = line.device.model.accessCount
      #expect(try file.put("stuck") == 5)
      line.card.serveInterrupt()
      #expect(line.device.model.accessCount - before < 50 && line.device.sent.isEmpty)
      line.publication.withdraw()
    }
  }

  @Test("A port that interrupts without end and reason is asked from then on, and works")
  func stormOfPort() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      try setRaw(line)
      line.device.model.stick(UART.InterruptIdentification.isIdle, at: 0)
      line.card.serveInterrupt()
      #expect(line.card.isPolled && line.device.model[UART.interruptEnable] == 0)
      #expect(try file.put("ok") == 2)
      line.device.feed([0x61])
      line.card.poll()
      #expect(try file.get(10) == [0x61])
      #expect(line.device.sent == Array("ok".utf8))
      line.publication.withdraw()
    }
  }

  @Test("A port that is asked is asked before its receiver is full, if somebody listens")
  func pollIntervals() throws {
    try World.run { world in
      let line = try Line(world, interrupts: false)
      #expect(line.card.isPolled && line.card.pollInterval == 10_000_000)
      let file = try open(world, "ttyS1")
      // 16 characters of ten bits at 115,200 bits a second take 1.4 ms.
      #expect(line.card.pollInterval == 1_000_000)
      try setRaw(line) { $0.setSpeed(9_600) }
      #expect((8_000_000...8_400_000).contains(line.card.pollInterval))
      try setRaw(line) { $0.setSpeed(50) }
      #expect(line.card.pollInterval == 10_000_000)
      withExtendedLifetime(file) {}
      line.publication.withdraw()
    }
  }

  @Test("A line that interrupts without end for nobody ends the port's interrupts, and not one that rests now and then")
  func stormOfLine() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      let limit = SerialCard<DeviceModel>.stormLimit
      for _ in 1..<limit { line.card.serveInterrupt() }
      line.device.feed([0x61])
      try line.settle()
      for _ in 1..<limit { line.card.serveInterrupt() }
      #expect(!line.card.isPolled)
      line.card.serveInterrupt()
      #expect(line.card.isPolled && line.device.model[UART.interruptEnable] == 0)
      withExtendedLifetime(file) {}
      line.publication.withdraw()
    }
  }

  @Test("A port that goes away at any access neither hangs nor traps")
  func vanishesAnywhere() throws {
    try World.run { world in
      let line = try Line(world)
      let file = try open(world, "ttyS1")
      for limit in 0..<200 {
        let start = line.device.model.accessCount
        line.device.model.beforeAccess = { if $0.accessCount - start > limit { $0.isGone = true } }
        line.device.feed(Array("abc\n".utf8))
        for _ in 0..<10 { line.card.serveInterrupt() }
        _ = try? file.put("xyz")
        line.card.listen()
        line.card.interruptAgain()
        line.card.poll()
        try? line.card.restart()
        line.card.startInterrupts()
        line.card.serveInterrupt()
        line.device.model.beforeAccess = nil
        line.device.model.isGone = false
        try line.card.restart()
        line.card.startInterrupts()
        try line.settle()
        _ = try? file.get(100)
      }
      line.publication.withdraw()
    }
  }
}
