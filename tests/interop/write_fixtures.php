<?php
// Writes the files tests/matrix/data/serialized/php2-*.bin with the PHP original.
//   RINDOW_PHP_AUTOLOAD=.../autoload.php php write_fixtures.php OUTPUT_DIRECTORY
require getenv('RINDOW_PHP_AUTOLOAD');
use Interop\Polite\Math\Matrix\NDArray;
use Rindow\Math\Matrix\MatrixOperator;
use Rindow\Math\Matrix\NDArrayPhp;
use function Rindow\Math\Matrix\C;

$out = $argv[1];
$mo = new MatrixOperator();
$save = fn(string $name, mixed $value) => file_put_contents("$out/php2-$name.bin", $mo->serializeArray($value));

$save('bool', $mo->array([true, false, true], NDArray::bool));
foreach (['int8' => [-128, 127], 'int16' => [-32768, 32767], 'int32' => [-2147483648, 2147483647],
          'int64' => [PHP_INT_MIN, PHP_INT_MAX], 'uint8' => [0, 255], 'uint16' => [0, 65535],
          'uint32' => [0, 4294967295], 'uint64' => [0, PHP_INT_MAX]] as $name => $values) {
    $save($name, $mo->array([$values, [1, 2], [3, 4]], constant(NDArray::class."::$name")));
}
$save('float32', $mo->array([[0.1, -0.0], [NAN, INF], [-INF, 1.0E-45]], NDArray::float32));
$save('float64', $mo->array([[[0.1, -0.0], [NAN, INF]], [[-INF, 5.0E-324], [1.5E+300, 2]]], NDArray::float64));
$save('complex64', $mo->array([C(1, i: 2), C(-0.5, i: 0)], NDArray::complex64));
$save('complex128', $mo->array([[C(1, i: 2)], [C(-0.5, i: 0.1)]], NDArray::complex128));
$save('scalar', $mo->array(7));
$matrix = $mo->array([[1, 2, 3], [4, 5, 6]], NDArray::int16);
$save('view', $matrix[1]);
$save('emptyset', []);
$save('list', [$matrix, $mo->array([1.5])]);
$save('set', ['one' => $matrix, 'two' => ['ü' => $mo->array([2]), 7 => $mo->array([3])],
              '12' => [], -3 => [[$mo->array([true], NDArray::bool)]], '012' => $matrix]);
NDArrayPhp::$unserializeWarning = 0;
file_put_contents("$out/php2-object.bin", serialize($matrix));
file_put_contents("$out/php2-objects.bin", serialize(['x' => $matrix, 'y' => [$matrix, $mo->array([9])], 'z' => $matrix]));
