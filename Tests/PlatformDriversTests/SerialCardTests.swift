import DeviceModels
import Foundations
import LinuxABI
import Machine
import SerialDriver
import Terminals
import Testing
import VFS

@testable import DeviceFiles
@testable import DriverKit
@testable import PlatformDrivers

@Suite("Serial ports behind PCI", .serialized)
struct SerialCardTests {
  /// A 16550 that hears itself in its loop, with a line.
  private final class Port {
    typealias UART = UART16550Model
    let model = DeviceModel(UART.layout)
    var sent: [UInt8] = []
    private var looped: UInt8?

    init() {
      model.onWrite[UART.transmitterHolding] = { [unowned self] model, _, value in
        if model[UART.ModemControl.loopback] == 1 {
          looped = UInt8(truncatingIfNeeded: value)
          model[UART.LineStatus.dataReady] = 1
        } else {
          sent.append(UInt8(truncatingIfNeeded: value))
        }
      }
      model.onRead[UART.receiverBuffer] = { [unowned self] model, _ in
        model[UART.receiverBuffer] = UInt64(looped ?? 0)
        looped = nil
        model[UART.LineStatus.dataReady] = 0
      }
      model.onWrite[UART.fifoControl] = { model, _, _ in
        model[UART.InterruptIdentification.fifoState] = model[UART.FifoControl.enable] == 1 ? 3 : 0
      }
      model.onRead[UART.modemStatus] = { model, _ in
        guard model[UART.ModemControl.loopback] == 1 else { return }
        model[UART.ModemStatus.clearToSend] = model[UART.ModemControl.requestToSend]
        model[UART.ModemStatus.dataSetReady] = model[UART.ModemControl.dataTerminalReady]
        model[UART.ModemStatus.ringIndicator] = model[UART.ModemControl.auxiliaryOutput1]
        model[UART.ModemStatus.carrierDetect] = model[UART.ModemControl.auxiliaryOutput2]
      }
    }

    /// A byte comes in on the line.
    func receive(_ byte: UInt8) {
      looped = byte
      model[UART.LineStatus.dataReady] = 1
    }
  }

  /// The range of a card: one port behind the other.
  private final class Range: ByteRegisterSpace {
    let ports: [Port?]
    init(_ ports: [Port?]) { self.ports = ports }
    private func port(_ offset: Int) -> DeviceModel? {
      offset / 8 < ports.count ? ports[offset / 8]?.model : nil
    }
    func read8(at offset: Int) -> UInt8 { port(offset)?.read8(at: offset % 8) ?? .max }
    func write8(_ value: UInt8, at offset: Int) { port(offset)?.write8(value, at: offset % 8) }
  }

  private func makeCard(_ ports: [Port?], _ jobControl: TerminalJobControl) throws -> SerialCard<Range> {
    let card = SerialCard(SharedRegisters(Range(ports)))
    try card.findPorts(ports.count, DriverLink(makeDevice()), jobControl)
    return card
  }

  @Test("Each port that works is a terminal, by the lowest number that is free, and one that does not is left out")
  func ports() throws {
    try World.run { world in
      let jobControl = TerminalJobControl()
      // The console has ttyS0, and COM3 is there.
      let held = try [0, 2].map { try DeviceIndexes.hold(SerialNumbers.name, $0) }
      let ports = [Port(), Port()]
      let card = try makeCard([ports[0], nil, ports[1]], jobControl)
      #expect(card.count == 2)
      let publications = try (0..<2).map { index in
        let server = try #require(card.server(index))
        return try world.publish(server, SerialNumbers.template(from: nil))
      }
      let first = try world.open("ttyS1", [.O_RDWR, .O_NONBLOCK, .O_NOCTTY])
      let second = try world.open("ttyS3", [.O_RDWR, .O_NONBLOCK, .O_NOCTTY])
      #expect(try first.put("ab") == 2)
      #expect(try second.put("c") == 1)
      #expect(ports[0].sent == Array("ab".utf8) && ports[1].sent == Array("c".utf8))
      for byte in "x\n".utf8 {
        ports[1].receive(byte)
        card.poll()
      }
      #expect(try second.get(10) == Array("x\n".utf8))
      #expect(throws: Errno.EAGAIN) { try first.get(10) }
      for publication in publications { publication.withdraw() }
      withExtendedLifetime(held) {}
    }
  }

  @Test("When the card goes, those who have a terminal open are hung up, and its ports are touched no more")
  func removal() throws {
    try World.run { world in
      let port = Port()
      let card = try makeCard([port], TerminalJobControl())
      let publication = try world.publish(
        try #require(card.server(0)), SerialNumbers.template(from: nil))
      let file = try world.open("ttyS0", [.O_RDWR, .O_NONBLOCK, .O_NOCTTY])
      #expect(try file.put("a") == 1)
      publication.withdraw()
      card.revoke()
      let accesses = port.model.accessCount
      #expect(throws: Errno.EIO) { try file.put("b") }
      #expect(try file.get(1) == [])
      #expect(file.poll().contains(.hangUp))
      #expect(throws: Errno.ENXIO) { try world.open("ttyS0") }
      _ = card.serve()
      card.poll()
      #expect(port.model.accessCount == accesses && port.sent == Array("a".utf8))
    }
  }

  @Test("After a reset the ports have the speed that they had, or are an error")
  func restart() throws {
    let port = Port()
    let card = try makeCard([port], TerminalJobControl())
    let device = try #require(card.server(0)).port
    var modes = device.initialModes
    modes.setSpeed(9_600)
    #expect(device.setModes(modes, from: device.initialModes).outputSpeed == 9_600)
    #expect(port.model[UART16550Model.divisorLow] == 12)
    port.model.reset()
    port.model[UART16550Model.LineStatus.transmitterHoldingEmpty] = 1
    try card.restart()
    #expect(port.model[UART16550Model.divisorLow] == 12 && port.model[UART16550Model.ModemControl.loopback] == 0)
    #expect(port.model[UART16550Model.ModemControl.dataTerminalReady] == 1)
    port.model.isGone = true
    #expect(throws: Errno.EIO) { try card.restart() }
  }

  @Test("A card without a port that works is no card")
  func absent() {
    #expect(throws: Errno.ENODEV) { try makeCard([nil, nil], TerminalJobControl()) }
    #expect(throws: Errno.ENODEV) { try makeCard([], TerminalJobControl()) }
  }
}
