import DeviceModels
import Foundations
import Machine
import Testing

@testable import DeviceFiles
@testable import DriverKit
@testable import PlatformDrivers

@Suite("Telling the host of failures", .serialized)
struct PanicTests {
  /// A device that knows `events`, and notes what it is told.
  private final class Host {
    let model = DeviceModel(PanicDeviceModel.layout)
    private(set) var told: [UInt64] = []

    init(_ events: UInt64) {
      model.stick(PanicDeviceModel.events, mask: 0xff, at: events)
      model.onWrite[PanicDeviceModel.events] = { [unowned self] _, _, value in told.append(value) }
    }
  }

  @Test("A device is told what it knows and is to be told, while it is there")
  func sending() throws {
    let host = Host(3)
    let channel = RegisterPanicChannel(host.model, address: 0x1_0001)
    #expect(PanicReports.find(0x1_0001) == nil)
    try PanicReports.add(channel)
    #expect(PanicReports.find(0x1_0001) === channel)
    // Not before it was found to work.
    #expect(PanicReports.send(.panicked) == 0 && host.told == [])
    try channel.activate()
    #expect(channel.capability == [.panicked, .crashLoaded] && PanicReports.canSend(.crashLoaded))
    #expect(!PanicReports.canSend(.shutdown))
    #expect(PanicReports.send(.panicked) == 1)
    #expect(PanicReports.send([.crashLoaded, .shutdown]) == 1)
    #expect(PanicReports.send(.shutdown) == 0)
    #expect(host.told == [1, 2])
    channel.events = .crashLoaded
    #expect(PanicReports.send(.panicked) == 0 && host.told == [1, 2])
    // A driver that goes takes its device out; the next one puts it back.
    let publication = PanicPublication(channel)
    #expect(publication.continues(as: PanicPublication(channel)))
    publication.withdraw()
    #expect(PanicReports.send(.crashLoaded) == 0 && host.told == [1, 2])
    try channel.activate()
    #expect(PanicReports.send([.panicked, .crashLoaded]) == 1 && host.told == [1, 2, 3])
    channel.deactivate()
    #expect(host.model.violations.isEmpty)
  }

  @Test("A failure is told as the event 1 alone, and the end of the machine only to a device that knows of it")
  func whichEvents() throws {
    let (host, old) = (Host(7), Host(2))
    let channel = RegisterPanicChannel(host.model, address: 0x1_0001)
    try channel.activate()
    channel.send(channel.events.intersection(.panicked))
    channel.send(channel.events.intersection(.shutdown))
    #expect(host.told == [1, 4])
    // One that only takes note of others' failures is not told of this one as what it was not.
    let other = RegisterPanicChannel(old.model, address: 0x1_0002)
    try other.activate()
    #expect(other.events.intersection(.panicked).isEmpty && other.events.intersection(.shutdown).isEmpty)
    channel.deactivate()
    other.deactivate()
  }

  @Test("The port is the one that firmware names, and without one there is no device")
  func port() throws {
    var resources = PlatformResources()
    resources.append(try #require(PlatformResources.Ports(first: 0x510, count: 1)))
    let type = PanicPortDriverType()
    let device = firmwareDevice(.platform, "QEMU0001", resources)
    #expect(type.matches(device) && !type.matches(firmwareDevice(.platform, "QEMU0002", resources)))
    let driver = try #require(try type.makeDriver(for: device) as? PanicDriver)
    #expect(driver.place == .port(0x510))
    #expect(throws: Errno.ENODEV) { try type.makeDriver(for: firmwareDevice(.platform, "QEMU0001")) }
  }

  @Test("There is room for four devices, whichever come and go")
  func limit() throws {
    var added = 0
    while added < 8 {
      do throws(Errno) {
        try PanicReports.add(RegisterPanicChannel(Host(1).model, address: 0x2_0000 + UInt64(added)))
        added += 1
      } catch {
        #expect(error == .ENOSPC)
        break
      }
    }
    #expect((3...4).contains(added))
    #expect(PanicReports.send(.panicked) == 0)
  }

  @Test("Nobody, and one that knows nothing, are no devices")
  func absent() {
    let gone = Host(1)
    gone.model.isGone = true
    #expect(throws: Errno.ENODEV) { try RegisterPanicChannel(gone.model, address: 1).activate() }
    #expect(throws: Errno.ENODEV) { try RegisterPanicChannel(Host(0).model, address: 1).activate() }
    // Bits that nobody knows yet, and no other.
    #expect(throws: Errno.ENODEV) { try RegisterPanicChannel(Host(0xf8).model, address: 1).activate() }
  }

  @Test("A driver that takes another's place goes on with its texts, and what it is to tell stays")
  func replacement() throws {
    let (channel, context) = (RegisterPanicChannel(Host(3).model, address: 1), makeContext())
    func texts(_ channel: PanicChannel) -> AttributesPublication {
      AttributesPublication(context.device, PanicAttributes(channel))
    }
    let first = texts(channel)
    // They are not there yet.
    #expect(!first.continues(as: texts(channel)))
    try channel.activate()
    try first.publish(through: context)
    #expect(first.continues(as: texts(channel)))
    #expect(!first.continues(as: texts(RegisterPanicChannel(Host(3).model, address: 2))))
    channel.events = .crashLoaded
    context.resources.keepPublications()
    try channel.activate()
    try texts(channel).publish(through: context)
    context.resources.withdrawInherited()
    #expect(channel.events == .crashLoaded && first.continues(as: texts(channel)))
    context.resources.withdrawPublications()
    #expect(!first.continues(as: texts(channel)))
    channel.deactivate()
  }

  @Test("What is written to events is one digit, of events that the device knows")
  func attributes() throws {
    let channel = RegisterPanicChannel(Host(3).model, address: 1)
    try channel.activate()
    func parse(_ text: String) throws(Errno) -> PanicEvents {
      let bytes = Array(text.utf8)
      return try PanicAttributes.events(bytes.span, channel)
    }
    #expect(try parse("1\n") == .panicked)
    #expect(try parse("0x2") == .crashLoaded)
    #expect(try parse("0\n") == [])
    for text in ["", "\n", "4", "8", "a", "11", "0x", "1\n\n", "-1"] {
      #expect(throws: Errno.EINVAL) { try parse(text) }
    }
  }
}
