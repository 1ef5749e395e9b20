<?php
// SPDX-License-Identifier: ISC
// counter.php - the counter as PHP does it, to be measured beside it.
session_start();
$_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
?>
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Visit <?= $_SESSION['count'] ?></title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>Your visits</h1>
<p class="count"><?= $_SESSION['count'] ?></p>
<p><a class="button" href="?">Count again</a></p>
<p><a href="/">All samples</a></p>
</main>
</body>
</html>
