import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Security
import Testing
import VFS
import Waiting

@testable import DeviceFiles
@testable import DriverKit

@Suite("Files of devices", .serialized)
struct DeviceFilesTests {
  private func template(_ name: StaticString = "echo") -> DeviceFileTemplate {
    DeviceFileTemplate(name, .counted(from: 0), .dynamic, driver: name, className: "echo")
  }

  private func publish(
    _ context: DriverContext, _ link: EchoLink, _ template: DeviceFileTemplate
  ) throws -> (DeviceFilePublication, DeviceFileServer) {
    let publication = DeviceFilePublication(EchoServer(link))
    try publication.add(template)
    return (publication, try publication.publish(through: context))
  }

  private func entry(_ publication: DeviceFilePublication) throws -> DeviceFileEntry {
    var found: DeviceFileEntry?
    publication.forEachEntry { found = $0 }
    return try #require(found)
  }

  @Test("A file is opened by its number, its calls reach the driver, and it ends with the device")
  func life() throws {
    try SimulatedMemory.exclusive {
      let world = try World()
      let context = makeContext()
      let link = EchoLink(context.device)
      let (publication, server) = try publish(context, link, template())
      let entry = try entry(publication)
      #expect(entry.name.bytes.isEqual(to: "echo0") && entry.number.minor == 0)
      #expect((234...254).contains(entry.number.major))
      try world.makeNode(entry)
      let file = try world.open("echo0")
      #expect(try file.write([7]) == 1)
      #expect(file.poll().contains(.output))

      link.error = .EBUSY
      #expect(throws: Errno.EBUSY) { try file.write([7]) }
      link.error = nil

      context.resources.withdrawPublications()
      #expect(server.isGone)
      #expect(throws: Errno.ENODEV) { try file.write([7]) }
      #expect(throws: Errno.ENODEV) { try file.control(1, 0) }
      #expect(file.poll() == [.error, .hangUp])
      // The name is still there, as nobody has removed it; nobody answers.
      #expect(throws: Errno.ENXIO) { try world.open("echo0") }
    }
  }

  @Test("The files of a driver that failed go on with the next driver, and others go with it")
  func restart() throws {
    try SimulatedMemory.exclusive {
      let context = makeContext()
      let (first, server) = try publish(context, EchoLink(context.device), template())
      let number = try entry(first).number
      context.resources.keepPublications()
      #expect(!server.isGone)
      let (second, kept) = try publish(context, EchoLink(context.device), template())
      #expect(kept === server && second.fileCount == 0)
      #expect(try entry(first).number == number)
      context.resources.keepPublications()
      // The third driver publishes another file.
      let (third, other) = try publish(context, EchoLink(context.device), template("reply"))
      #expect(other !== server)
      context.resources.withdrawInherited()
      #expect(server.isGone && !other.isGone && third.fileCount == 1 && first.fileCount == 0)
      context.resources.withdrawPublications()
    }
  }

  @Test("Files that could not be made are no reason for the next driver to go without")
  func unmade() throws {
    try SimulatedMemory.exclusive {
      final class Owner: SpecialFileOpener {}
      let owner = Owner()
      try SpecialFiles.register(.characterDevice, major: 10, minors: 131..<132, owner)
      let context = makeContext()
      var misc = DeviceFileTemplate("cat", .plain, .fixed(10), driver: "misc", className: "misc")
      misc.firstMinor = 131
      #expect(throws: Errno.EBUSY) { try publish(context, EchoLink(context.device), misc) }
      context.resources.keepPublications()
      SpecialFiles.unregister(owner)
      let (next, server) = try publish(context, EchoLink(context.device), misc)
      context.resources.withdrawInherited()
      #expect(next.fileCount == 1 && server === next.server && !server.isGone)
      context.resources.withdrawPublications()
    }
  }

  @Test("Two devices have different names and numbers, and a number that is free is used again")
  func numbers() throws {
    try SimulatedMemory.exclusive {
      let (one, two) = (makeContext("one"), makeContext("two"))
      let (first, _) = try publish(one, EchoLink(one.device), template("count"))
      let (second, _) = try publish(two, EchoLink(two.device), template("count"))
      let (a, b) = (try entry(first), try entry(second))
      #expect(a.index == 0 && b.index == 1 && a.number.major == b.number.major && b.number.minor == 1)
      one.resources.withdrawPublications()
      // A withdrawn entry that somebody still has keeps its number.
      #expect(try DeviceIndexes.take("count", from: 0) == 2)
      DeviceIndexes.release("count", 2)
      _ = consume a
      let (third, _) = try publish(one, EchoLink(one.device), template("count"))
      #expect(try [0, 2].contains(entry(third).index))
      one.resources.withdrawPublications()
      two.resources.withdrawPublications()
      #expect(throws: Errno.ENOSPC) { try DeviceIndexes.take("count", from: DeviceIndexes.limit) }
      DeviceIndexes.release("count", -1)
      DeviceIndexes.release("count", 1_000)
    }
  }

  @Test("A number that is taken is an error, unless the device does without; then nothing is left")
  func taken() throws {
    try SimulatedMemory.exclusive {
      final class Owner: SpecialFileOpener {}
      let owner = Owner()
      try SpecialFiles.register(.characterDevice, major: 10, minors: 130..<131, owner)
      defer { SpecialFiles.unregister(owner) }
      let context = makeContext()
      var misc = DeviceFileTemplate("dog", .plain, .fixed(10), driver: "misc", className: "misc")
      misc.firstMinor = 130
      let publication = DeviceFilePublication(EchoServer(EchoLink(context.device)))
      try publication.add(template("dog"))
      try publication.add(misc)
      #expect(throws: Errno.EBUSY) { try publication.show() }
      #expect(publication.fileCount == 0)
      misc.isOptional = true
      let other = DeviceFilePublication(EchoServer(EchoLink(context.device)))
      try other.add(misc)
      try other.add(template("dog"))
      try other.show()
      #expect(other.fileCount == 1)
      other.withdraw()
    }
  }

  @Test("A name in a directory of /dev is its last part in /sys, and the first of its kind has the other name")
  func names() throws {
    var template = template("input/event")
    template.link = "event"
    let server = EchoServer(EchoLink(makeContext().device))
    let (first, second) = (try DeviceFileEntry(template, server), try DeviceFileEntry(template, server))
    #expect(first.name.bytes.isEqual(to: "input/event0") && second.className.bytes.isEqual(to: "event1"))
    let text: Message = "\(first.link?.description ?? "")"
    #expect(text.bytes.isEqual(to: "event") && second.link == nil)
    var random = DeviceFileTemplate("hwrng", .plain, .fixed(10), driver: "misc", className: "misc")
    random.systemName = "hw_random"
    let third = try DeviceFileEntry(random, server)
    #expect(third.name.bytes.isEqual(to: "hwrng") && third.className.bytes.isEqual(to: "hw_random"))
  }

  @Test("Dynamic numbers are one for each driver, and the same again")
  func majors() throws {
    let first = try DynamicMajors.major(of: "a-driver", .characterDevice)
    let second = try DynamicMajors.major(of: "b-driver", .characterDevice)
    #expect(first != second)
    #expect(try DynamicMajors.major(of: "a-driver", .characterDevice) == first)
    #expect(try DynamicMajors.major(of: "a-driver", .blockDevice) == 254)
  }
}
