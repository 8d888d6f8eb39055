import ACPI
import Foundation
import Foundations
import Machine

/// Memory that was saved from a guest.
struct SavedMemory: ACPIMemory {
  var bytes: [UInt8]

  func read(at address: UInt64, into target: inout MutableSpan<UInt8>) -> Bool {
    guard address <= UInt64(bytes.count), UInt64(target.count) <= UInt64(bytes.count) - address else { return false }
    for index in 0..<target.count { target[index] = bytes[Int(address) + index] }
    return true
  }
}

/// The tables that QEMU makes for a machine, taken out of a guest's memory once its firmware has put them there.
enum QEMUTables {
  /// Boots the firmware, with nothing to boot after it, and saves the guest's memory.
  static func memory(_ arguments: [String], megabytes: Int, in folder: URL) throws -> SavedMemory {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["qemu-system-x86_64", "-display", "none", "-net", "none", "-monitor", "stdio"]
      + ["-chardev", "file,id=log,path=firmware.log", "-device", "isa-debugcon,iobase=0x402,chardev=log"] + arguments
    process.currentDirectoryURL = folder
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer { if process.isRunning { process.terminate() } }
    // SeaBIOS says so when the tables are in place.
    let log = folder.appending(path: "firmware.log")
    var isReady = false
    for _ in 0..<600 where !isReady {
      Thread.sleep(forTimeInterval: 0.05)
      isReady = ((try? String(contentsOf: log, encoding: .utf8)) ?? "").contains("Scan for option roms")
    }
    guard isReady else { throw ReferenceTools.Failure(text: "the firmware did not start") }
    let commands = "pmemsave 0 \(megabytes << 20) memory.bin\nquit\n"
    try input.fileHandleForWriting.write(contentsOf: Data(commands.utf8))
    process.waitUntilExit()
    return SavedMemory(bytes: [UInt8](try Data(contentsOf: folder.appending(path: "memory.bin"))))
  }
}

/// A table as an array.
func array(_ table: borrowing ACPITable) -> [UInt8] { (0..<table.count).map { table.bytes[$0] } }
