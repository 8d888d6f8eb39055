import Glibc
import Machine
import Testing

@testable import Time

/// The shared object and a clock page before it, mapped as in a program, whose functions can be called.
@safe final class SharedObject {
  private let memory: UnsafeMutableRawPointer
  private let functions: [String: UInt64]

  private enum Failure: Error { case noMemory }

  /// Maps the object behind a copy of `page`.
  init(_ page: borrowing UserFrame) throws {
    let mapped = unsafe mmap(nil, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped = unsafe mapped else { throw Failure.noMemory }
    unsafe memory = mapped
    var words = [UInt8](repeating: 0, count: 4096)
    var span = words.mutableSpan
    page.read(at: 0, into: &span)
    let image = ELFImage.bytes
    for index in 0..<4096 {
      unsafe memory.storeBytes(of: words[index], toByteOffset: index, as: UInt8.self)
      unsafe memory.storeBytes(of: image[index], toByteOffset: 4096 + index, as: UInt8.self)
    }
    functions = ELFImage.functions
    let status = unsafe mprotect(memory, 8192, PROT_READ | PROT_EXEC)
    try #require(status == 0)
  }

  deinit { unsafe munmap(memory, 8192) }

  private func function(_ name: String) throws -> UnsafeMutableRawPointer {
    let offset = try #require(functions[name])
    return unsafe memory.advanced(by: 4096 + Int(offset))
  }

  func clockGetTime(_ clock: Int32) throws -> (status: Int32, time: timespec) {
    typealias Function = @convention(c) (Int32, UnsafeMutablePointer<timespec>) -> Int32
    var time = timespec(tv_sec: -1, tv_nsec: -1)
    let function = unsafe unsafeBitCast(try function("__vdso_clock_gettime"), to: Function.self)
    let status = unsafe function(clock, &time)
    return (status, time)
  }

  func clockGetResolution(_ clock: Int32) throws -> (status: Int32, time: timespec) {
    typealias Function = @convention(c) (Int32, UnsafeMutablePointer<timespec>) -> Int32
    var time = timespec(tv_sec: -1, tv_nsec: -1)
    let function = unsafe unsafeBitCast(try function("__vdso_clock_getres"), to: Function.self)
    let status = unsafe function(clock, &time)
    return (status, time)
  }

  func getTimeOfDay() throws -> timeval {
    typealias Function = @convention(c) (UnsafeMutablePointer<timeval>, UnsafeMutableRawPointer?) -> Int32
    var time = timeval(tv_sec: -1, tv_usec: -1)
    let function = unsafe unsafeBitCast(try function("__vdso_gettimeofday"), to: Function.self)
    let status = unsafe function(&time, nil)
    try #require(status == 0)
    return time
  }

  func time() throws -> (result: Int, stored: Int) {
    typealias Function = @convention(c) (UnsafeMutablePointer<Int>?) -> Int
    var stored = -1
    let function = unsafe unsafeBitCast(try function("__vdso_time"), to: Function.self)
    let result = unsafe function(&stored)
    return (result, stored)
  }
}
